// The Lua of approvals, read once at start. A build copies `scripts/` beside this module.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

interface Script {
  readonly lua: string;
  readonly sha: string;
}

function read(name: string): string {
  return readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');
}

const PRELUDE = read('approvals');

function script(name: string): Script {
  const lua = `${PRELUDE}\n${read(name)}`;
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

export const REQUEST = script('approval-request');
export const VOTE = script('approval-vote');
export const USE = script('approval-use');
export const LIST = script('approval-list');

/** What to ask of Redis. */
export interface ScriptQuestion {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly string[];
}
