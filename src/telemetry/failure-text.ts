import type { GatewayError } from '../core/errors.ts';

/** What went wrong, for a span's status: the public message and the cause's code. A cause's own message may quote content. */
export function failureText(error: GatewayError): string {
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  return `${error.message} (${code})`;
}
