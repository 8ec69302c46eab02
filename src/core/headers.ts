import type { Headers } from './exchange.ts';
import { remembered } from './remembered.ts';

/** Hop-by-hop fields (RFC 9110 §7.6.1): they end at each proxy. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Whether a field must not be passed on; `connection` is the message's own Connection field, which may name more. */
export function isHopByHop(name: string, connection: string | undefined): boolean {
  return HOP_BY_HOP.has(name) || isListed(name, connection);
}

function isListed(name: string, connection: string | undefined): boolean {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return false;
  return connection
    .toLowerCase()
    .split(',')
    .some((listed) => listed.trim() === name);
}

/** Where SDKs put the token. It is for Waygate alone and never travels on. */
export const CREDENTIAL_HEADERS = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'] as const;

const DROPPED = new Set<string>([
  ...CREDENTIAL_HEADERS,
  'cookie',
  'dpop',
  'host',
  'content-length',
  'accept-encoding',
  'expect',
  'baggage',
  'traceparent',
  'tracestate',
  'forwarded',
  // Read as `HTTP_PROXY` by what hands fields on as variables.
  'proxy',
  'via',
  'origin',
  'referer',
  // Who pays at Google, and which fields its answers have.
  'x-goog-user-project',
  'x-goog-fieldmask',
]);
// Names of addresses and of proxies on the way; what would make a server read another method or path than the one that was
// decided on; what a gateway asserts about itself; what other gateways take as a destination.
const DROPPED_PREFIX =
  /^(?:x-forwarded-|x-real-ip|x-client-ip|true-client-ip|x-original-|x-rewrite-|x-http-method|x-method-override|waygate-|x-waygate-|sec-|cf-|x-envoy-|x-portkey-|x-litellm-|helicone-)/;

// Servers that hand fields on as variables (CGI, WSGI) take `_` and `.` for `-`: what must not arrive, must not so either.
const isForwardable = remembered((written) => {
  const name = written.replace(/[_.]/g, '-');
  return !DROPPED.has(name) && !HOP_BY_HOP.has(name) && !DROPPED_PREFIX.test(name);
});

/** The client's fields that go upstream: end-to-end ones, without credentials and what only proxies may say. */
export function forwardableHeaders(headers: Headers): Headers {
  const connection = headers['connection'];
  const options = typeof connection === 'string' ? connection : connection?.join(',');
  const kept: Record<string, string | readonly string[]> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && isForwardable(name) && !isListed(name, options)) kept[name] = value;
  }
  return kept;
}
