// Errors as Google's clients read them: `{ error: { code, message, status, details } }` (https://google.aip.dev/193).
import type { GatewayError } from '../core/errors.ts';
import { errorHeaders, publicMessage } from './error-text.ts';
import { isFinalRefusal } from './agent-cli.ts';
import type { ErrorContext, WireError } from './protocol.ts';

/** HTTP status → the name that Google's APIs give it. */
const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  504: 'DEADLINE_EXCEEDED',
};

// Gemini CLI repeats 429 and 5xx for minutes; 403 it shows and stops.
function statusOf(error: GatewayError, context: ErrorContext): number {
  return isFinalRefusal(error, context.headers) ? 403 : error.status;
}

function errorBody(error: GatewayError, context: ErrorContext): string {
  const code = statusOf(error, context);
  const status = STATUSES[code] ?? (code < 500 ? 'INVALID_ARGUMENT' : 'UNAVAILABLE');
  return JSON.stringify({ error: { code, message: publicMessage(error), status, details: details(error, context) } });
}

function details(error: GatewayError, { requestId }: ErrorContext): readonly object[] {
  return [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: error.code.toUpperCase().replace('.', '_'),
      domain: 'waygate',
      metadata: { code: error.code, call: requestId, ...(error.rule !== undefined && { rule: error.rule }) },
    },
  ];
}

/** An error before the first byte. */
export function geminiError(error: GatewayError, context: ErrorContext): WireError {
  return {
    status: statusOf(error, context),
    headers: { ...errorHeaders(error, context), 'x-request-id': context.requestId },
    body: errorBody(error, context),
  };
}

/** The event that ends a stream which broke. The blank lines before it end an event that was cut off. */
export function geminiStreamError(error: GatewayError, context: ErrorContext): string {
  return `\n\ndata: ${errorBody(error, context)}\n\n`;
}
