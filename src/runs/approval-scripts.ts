// The Lua of approvals, read once at start; each script after what says in which state an approval is.
import { createHash } from 'node:crypto';
import { runScript, type Script } from './scripts.ts';

const STATES = runScript('approvals').lua;

function approvalScript(name: string): Script {
  const lua = `${STATES}\n${runScript(name).lua}`;
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

export const REQUEST = approvalScript('approval-request');
export const VOTE = approvalScript('approval-vote');
export const USE = approvalScript('approval-use');
export const LIST = approvalScript('approval-list');
