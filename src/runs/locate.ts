// Stage 4: which run a call belongs to. Here: one run per principal and session that the client names.
// INVARIANT: a hint only splits a principal's own work; it never reaches another principal's run.
import { hash } from 'node:crypto';
import { type Headers, header } from '../core/exchange.ts';
import type { RunId } from '../core/ids.ts';
import type { Principal } from '../core/principal.ts';
import type { Run } from '../core/run.ts';

/** Headers by which clients name their session, strongest first. */
const SESSION_HEADERS = ['x-claude-code-session-id', 'session-id', 'x-session-id', 'mcp-session-id'] as const;
const HINT = /^[A-Za-z0-9_.:-]{1,128}$/;

const ownRuns = new WeakMap<Principal, Run>();

/** The run of a request: that of the session it names, else the principal's own. A malformed hint is no hint. */
export function locateRun(principal: Principal, headers: Headers): Run {
  for (const name of SESSION_HEADERS) {
    const value = header(headers, name);
    if (value !== undefined && HINT.test(value)) return rootRun(`${principal.id}\n${value}`);
  }
  const known = ownRuns.get(principal);
  if (known) return known;
  const run = rootRun(principal.id);
  ownRuns.set(principal, run);
  return run;
}

function rootRun(name: string): Run {
  const id = `run_${hash('sha256', name, 'hex').slice(0, 24)}` as RunId;
  return { id, root: id, parent: undefined, depth: 0 };
}
