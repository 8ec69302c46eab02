// What all dialects say about an error alike.
import type { GatewayError } from '../core/errors.ts';
import type { ErrorContext } from './protocol.ts';
import { isTerminal } from './agent-cli.ts';

/** Clients that are told to wait longer go silent: longer waits are for the gateway's own queue. */
const RETRY_AFTER_SECONDS_MAX = 20;

/** The public message; it always names the rule that refused. */
export function publicMessage(error: GatewayError): string {
  const { message, rule } = error;
  return rule === undefined || message.includes(rule) ? message : `${message} (rule \`${rule}\`)`;
}

/** Headers that tell a client whether and when to try again, and how to authenticate (RFC 9110 §15.5.2, RFC 6750 §3). */
export function errorHeaders(error: GatewayError, context: ErrorContext): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-should-retry': 'false',
  };
  if (!isTerminal(error, context.headers)) {
    headers['x-should-retry'] = 'true';
    if (error.retryAfterMs !== undefined) headers['retry-after'] = retryAfter(error.retryAfterMs);
  }
  if (error.status === 401) headers['www-authenticate'] = challenge(error);
  return headers;
}

function retryAfter(ms: number): string {
  return String(Math.min(RETRY_AFTER_SECONDS_MAX, Math.max(1, Math.ceil(ms / 1_000))));
}

function challenge(error: GatewayError): string {
  if (error.code === 'identity.missing') return 'Bearer realm="waygate"';
  const description = error.message.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, "'");
  return `Bearer error="invalid_token", error_description="${description}"`;
}
