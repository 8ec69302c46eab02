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
