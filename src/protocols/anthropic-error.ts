// Errors as Anthropic's SDKs and Claude Code read them: `{ type: "error", error: { type, message }, request_id }`.
import type { GatewayError } from '../core/errors.ts';
import { isFinalRefusal } from './agent-cli.ts';
import { errorHeaders, publicMessage } from './error-text.ts';
import type { ErrorContext, WireError } from './protocol.ts';

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};

// An agent CLI would repeat a 429 for minutes; 402 it shows and stops.
function statusOf(error: GatewayError, context: ErrorContext): number {
  return error.blame !== 'policy' && isFinalRefusal(error, context.headers) ? 402 : error.status;
}

function errorBody(error: GatewayError, context: ErrorContext): string {
  const status = statusOf(error, context);
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  return JSON.stringify({
    type: 'error',
    error: { type, message: publicMessage(error) },
    request_id: context.requestId,
  });
}

/** An error before the first byte. */
export function anthropicError(error: GatewayError, context: ErrorContext): WireError {
  return {
    status: statusOf(error, context),
    headers: { ...errorHeaders(error, context), 'request-id': context.requestId },
    body: errorBody(error, context),
  };
}

/** The event that ends a stream which broke. The blank lines before it end an event that was cut off. */
export function anthropicStreamError(error: GatewayError, context: ErrorContext): string {
  return `\n\nevent: error\ndata: ${errorBody(error, context)}\n\n`;
}
