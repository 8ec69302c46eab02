// Errors as OpenAI's SDKs read them: `{ error: { message, type, code, param } }`, in a body or in an event.
import type { GatewayError } from '../core/errors.ts';
import { errorHeaders, publicMessage } from './error-text.ts';
import type { ErrorContext, WireError } from './protocol.ts';

/** The error object. `code` is Waygate's own, `type` one that the SDKs know. */
export function openaiErrorObject(error: GatewayError): Readonly<Record<string, unknown>> {
  return { message: publicMessage(error), type: typeOf(error), code: error.code, param: null };
}

function typeOf(error: GatewayError): string {
  switch (error.blame) {
    case 'caller':
      return error.status === 401 ? 'authentication_error' : 'invalid_request_error';
    case 'policy':
      return 'permission_error';
    case 'limit':
      return error.code === 'limit.budget' ? 'insufficient_quota' : 'rate_limit_error';
    case 'upstream':
    case 'gateway':
      return 'server_error';
    default:
      return error.blame satisfies never;
  }
}

/** An error before the first byte. */
export function openaiError(error: GatewayError, context: ErrorContext, status: number): WireError {
  return {
    status,
    headers: { ...errorHeaders(error, context), 'x-request-id': context.requestId },
    body: JSON.stringify({ error: openaiErrorObject(error) }),
  };
}

/**
 * The event that ends a stream which broke, without a `[DONE]`: clients must not take what they have for the whole
 * answer. The blank lines before it end an event that was cut off.
 */
export function openaiStreamError(error: GatewayError): string {
  return `\n\ndata: ${JSON.stringify({ error: openaiErrorObject(error) })}\n\n`;
}
