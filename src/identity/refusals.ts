import { GatewayError } from '../core/errors.ts';

/** `identity.invalid`. The reason is public and must not repeat anything of the token, which nobody has vouched for. */
export function invalidToken(reason: string, cause?: unknown): GatewayError {
  return new GatewayError('identity.invalid', `the token was not accepted: ${reason}`, { cause });
}

/** `identity.expired`: the one refusal that a new token certainly mends. */
export function expiredToken(cause?: unknown): GatewayError {
  return new GatewayError(
    'identity.expired',
    'the token has expired; get a new one from its issuer and send the request again',
    {
      cause,
    },
  );
}

/** What a store answers; `identity.unavailable` where it does not. */
export async function storeAnswer<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (thrown) {
    throw thrown instanceof GatewayError ? thrown : storeGone(thrown);
  }
}

/** `identity.unavailable`: whether a token still counts cannot be known. */
export function storeGone(cause: unknown): GatewayError {
  return new GatewayError(
    'identity.unavailable',
    'the store of run keys and revocations does not answer, so tokens of this gateway are refused; try again in a few seconds',
    { cause, retryAfterMs: 2_000 },
  );
}
