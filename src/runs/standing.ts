// Whether a run may begin calls, and what a caller is told where it may not.
import { type ErrorCode, GatewayError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import type { Run, Stop } from '../core/run.ts';

/** A stop, and what it is for: `run run_…`, `agent NAME`, `everything`. */
export interface Standing {
  readonly stop: Stop;
  readonly of: string;
}

/** What outranks what: a killed run stays killed whatever else is said of it. */
export const RANK = { killed: 3, done: 2, draining: 1, paused: 0 } as const satisfies Record<Stop['state'], number>;

/** The strongest stop that holds for a run; undefined where it may go on. A kill outranks all others. */
export function standingOf(
  { tree, path }: Pick<Run, 'tree' | 'path'>,
  principal: Pick<Principal, 'agent'>,
  everything: Stop | undefined,
): Standing | undefined {
  const { stops, tenantStops } = tree;
  if (stops.size === 0 && tenantStops.size === 0 && !everything) return undefined;
  let strongest: Standing | undefined;
  const hold = (stop: Stop | undefined, of: string): void => {
    if (stop && (!strongest || RANK[stop.state] > RANK[strongest.stop.state])) strongest = { stop, of };
  };
  hold(everything, 'everything');
  hold(tenantStops.get('*'), 'the whole tenant');
  hold(tenantStops.get(`agent:${principal.agent}`), `the agent \`${principal.agent}\``);
  for (const id of path) hold(stops.get(id), `the run \`${id}\``);
  return strongest;
}

const CODES = {
  killed: 'run.killed',
  done: 'run.ended',
  draining: 'run.draining',
  paused: 'run.paused',
} as const satisfies Record<Stop['state'], ErrorCode>;

const VERBS = { killed: 'was killed', done: 'has ended', draining: 'is being drained', paused: 'is paused' } as const;

const ADVICE = {
  killed: 'nothing of it will run again: stop here',
  done: 'begin a new run',
  draining: 'calls under way may end and no new ones begin: stop here',
  paused: 'try again once it goes on, or ask whoever paused it',
} as const;

/** What a caller reads whose run was stopped: what, by whom, why, and what to do. */
export function stopped({ stop, of }: Standing): GatewayError {
  const { state, by, because } = stop;
  const why = because === '' ? '' : `: ${because}`;
  return new GatewayError(CODES[state], `${of} ${VERBS[state]} by ${by}${why}; ${ADVICE[state]}`, {
    rule: `run/${state}`,
    ...(state === 'paused' && { retryAfterMs: PAUSED_RETRY_MS }),
  });
}

const PAUSED_RETRY_MS = 10_000;
