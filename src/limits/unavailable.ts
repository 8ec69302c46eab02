import { GatewayError } from '../core/errors.ts';

/** The store was not connected, so that nothing was asked of it and nothing can have changed. */
export class NotAsked extends Error {
  override readonly name = 'NotAsked';
}

/** The store did not answer in time, or not as it should. Unless `cause` is a `NotAsked`, the change may have been made. */
export function unavailable(cause: Error): GatewayError {
  return new GatewayError(
    'limit.unavailable',
    'limits cannot be checked because their store does not answer, so the call is refused; try again in a few seconds',
    { retryAfterMs: 2_000, cause },
  );
}

/** A server that may drop what it holds: what it says of spending is not to be believed. */
export class Evicting extends Error {
  override readonly name = 'Evicting';
}

/** The server is not to be believed: it has this `maxmemory-policy`, or has `evicted` keys. */
export function evicts(state: string): GatewayError {
  return unavailable(new Evicting(`redis may evict ledgers (${state})`));
}

/** The store did not tell of the call's run a moment ago; for its ledger it was not asked. */
export function unheard(): GatewayError {
  return unavailable(new NotAsked('no answer within the deadline when it was asked for the run'));
}

/** What the local mode of a route has no more of. */
export interface Exhausted {
  /** Of the route or upstream. */
  readonly name: string;
  readonly what: string;
  readonly rule?: string | undefined;
}

/** The store does not answer, and what may be let through without it is used up. */
export function localExhausted({ cause }: GatewayError, { name, what, rule }: Exhausted): GatewayError {
  return new GatewayError(
    'limit.unavailable',
    `limits cannot be checked because their store does not answer, and the local mode of \`${name}\` lets no more through, since ${what}; try again in a few seconds`,
    { retryAfterMs: 2_000, cause, ...(rule !== undefined && { rule }) },
  );
}

/** Whether the store was gone, and nothing worse: others may stand in for it. */
export function isGone({ code, cause }: GatewayError): boolean {
  return code === 'limit.unavailable' && !(cause instanceof Evicting);
}

/** Why the store was of no use, in one word for metrics. */
export function storeCause(cause: unknown): string {
  if (cause instanceof NotAsked) return 'not-connected';
  if (cause instanceof Evicting) return 'evicting';
  const message = cause instanceof Error ? cause.message : '';
  return WORDS.find(([start]) => start.test(message))?.[1] ?? 'error';
}

const WORDS = [
  [/^no answer within|timed out/, 'no-answer'],
  [/^OOM/, 'full'],
  [/^(?:READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF)/, 'not-serving'],
  [/[Cc]onnection|ECONN|EPIPE/, 'not-connected'],
] as const;

/** Whether the store was not even asked. */
export function isNotAsked(thrown: unknown): boolean {
  return thrown instanceof GatewayError && thrown.cause instanceof NotAsked;
}

/** An admission that reaches the store after its call was released: whoever asked has gone. */
export function releasedBefore(): GatewayError {
  return unavailable(new Error('the call was released before its admission arrived'));
}

/** The refusal of a tenant whose ledger has vanished. */
export function ledgerLost(tenant: string): GatewayError {
  return new GatewayError(
    'limit.lost',
    `the record of what tenant \`${tenant}\` has spent was lost, so its limited calls are refused; ask the operator to put it back with \`waygate ledger rebuild\``,
  );
}
