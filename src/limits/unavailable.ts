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

/** Whether the store was not even asked. */
export function isNotAsked(thrown: unknown): boolean {
  return thrown instanceof GatewayError && thrown.cause instanceof NotAsked;
}

/** An admission that reaches the store after its call was released: whoever asked has gone. */
export function releasedBefore(): GatewayError {
  return unavailable(new Error('the call was released before its admission arrived'));
}
