import type { PermittedCall } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { type AnswerHeaders, askedWait, isFinal } from './asked-wait.ts';

export interface RetryConfig {
  /** Further tries of one call at most. */
  readonly attempts: number;
  /** Further tries of all calls at most, as a share of the calls. */
  readonly share: number;
  /** The longest wait before the first further try, in milliseconds; doubled for each. */
  readonly backoffMs: number;
  /** The longest wait that the upstream may ask for. */
  readonly waitMaxMs: number;
  /** No further try begins later than this after the first. */
  readonly withinMs: number;
}

/** What came of a try, as far as trying again goes by it. */
export type Tried = { readonly status: number; readonly headers: AnswerHeaders } | GatewayError;

/** Statuses by which a model's provider says that it did not take the call on; what it has not begun it does not charge. */
const NOT_TAKEN_ON = new Set([429, 500, 502, 503, 504, 529]);

/**
 * Whether the upstream surely did not carry the call out, so that sending it once more cannot do it twice: it was never
 * reached, or it is a model and said so; a batch may have been taken on all the same. What a tool or an API did before it failed nobody knows.
 */
export function isNotBegun({ access }: PermittedCall, tried: Tried): boolean {
  if (tried instanceof GatewayError)
    return tried.code === 'upstream.unreachable' || tried.code === 'upstream.unavailable';
  return NOT_TAKEN_ON.has(tried.status) && access.resource.kind === 'model' && access.action !== 'model.batch';
}

/** Where a call stands when a try has failed. */
export interface Standstill {
  readonly config: RetryConfig;
  /** Further tries so far. */
  readonly resent: number;
  /** Since the first try began. */
  readonly elapsedMs: number;
  /** Whether another upstream can be tried instead: then nobody waits longer than for a backoff. */
  readonly hasNext: boolean;
  readonly nowMs: number;
  /** 0 up to 1. */
  readonly random: number;
}

/**
 * How long to wait until the same upstream is tried again with a call that it has not begun, in milliseconds; undefined
 * where it is not.
 */
export function retryWait(tried: Tried, at: Standstill): number | undefined {
  const { config, resent } = at;
  if (resent >= config.attempts) return undefined;
  if (tried instanceof GatewayError ? tried.code === 'upstream.unavailable' : isFinal(tried.headers)) return undefined;
  const askedMs = tried instanceof GatewayError ? 0 : (askedWait(tried.headers, at.nowMs) ?? 0);
  if (askedMs > (at.hasNext ? config.backoffMs : config.waitMaxMs)) return undefined;
  // Jitter over the whole backoff: calls that failed together do not come back together.
  const waitMs = askedMs + at.random * config.backoffMs * 2 ** resent;
  return at.elapsedMs + waitMs > config.withinMs ? undefined : waitMs;
}
