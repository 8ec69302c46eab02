import type { GatewayError } from '../core/errors.ts';
import type { CallId } from '../core/ids.ts';
import type { Delivery } from './deliver.ts';

/** An error that no dialect tells: RFC 9457, with the `error` member that OpenAI's and Anthropic's SDKs look for. */
export function problem(error: GatewayError, id: CallId | undefined): Delivery & { readonly body: Buffer } {
  const { code, message, status } = error;
  const body = {
    type: 'about:blank',
    title: code,
    status,
    detail: message,
    error: { type: code, code, message, param: null },
  };
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'x-should-retry': String(error.retry),
      ...(error.retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(error.retryAfterMs / 1_000)) }),
      ...(id && { 'waygate-call': id, 'x-request-id': id }),
    },
    body: Buffer.from(JSON.stringify(body)),
  };
}
