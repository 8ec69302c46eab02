import type { GatewayError } from '../core/errors.ts';
import { errorHeaders, publicMessage } from './error-text.ts';
import type { ErrorContext, WireError } from './protocol.ts';

/** An error as plain HTTP tells it: problem details (RFC 9457), with the code as an extension. */
export function httpError(error: GatewayError, context: ErrorContext): WireError {
  const { code, status } = error;
  const detail = publicMessage(error);
  return {
    status,
    headers: {
      ...errorHeaders(error, context),
      'content-type': 'application/problem+json',
      'x-request-id': context.requestId,
    },
    body: JSON.stringify({ type: 'about:blank', title: code, status, detail, code }),
  };
}
