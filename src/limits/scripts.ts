// The Lua of the ledger, read once at start. A build copies `scripts/` beside this module.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ENDED_MS, GRACE_MS, LIFE_MS, SLOTS } from './bounds.ts';

/** A Redis script and the digest that EVALSHA knows it by. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

function read(name: string): string {
  return readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');
}

const PRELUDE = `local SLOTS, GRACE, ENDED, LIFE = ${SLOTS}, ${GRACE_MS}, ${ENDED_MS}, ${LIFE_MS}\n${read('ledger')}`;

function script(name: string): Script {
  const lua = `${PRELUDE}\n${read(name)}`;
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

export const ADMIT = script('admit');
export const SETTLE = script('settle');
export const RELEASE = script('release');
export const RENEW = script('renew');
export const REBUILD = script('rebuild');
