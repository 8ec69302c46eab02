import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../core/errors.ts';
import type { Headers, Incoming } from '../core/exchange.ts';

/** Fields of which a second one would let two readers see two requests (RFC 9110 §5.3). */
const SINGLETONS = new Set([
  'host',
  'content-type',
  'content-length',
  'authorization',
  'x-api-key',
  'x-goog-api-key',
  'api-key',
  'anthropic-version',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'last-event-id',
  'traceparent',
]);
const HEADERS_MAX = 100;
const CANONICAL_PATH = /^\/(?!\/)(?:(?!\/\/|\/\.{1,2}(?:\/|$)|%2[ef]|%5c|%00|[\\;])[\x21-\x7e])*$/i;

/** Node's request as the pipeline takes it. Throws `request.invalid` where two readers could read it in two ways. */
export function incoming(request: IncomingMessage, response: ServerResponse, receivedAtMs: number): Incoming {
  const url = request.url ?? '';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (!CANONICAL_PATH.test(path)) {
    throw new GatewayError(
      'request.invalid',
      'the path is not in its plain form: expected `/…` without `//`, `.`, `..`, `;` or encoded slashes and dots',
    );
  }
  return {
    method: request.method ?? 'GET',
    path,
    query: mark < 0 ? '' : url.slice(mark),
    headers: readHeaders(request.rawHeaders),
    peer: request.socket.remoteAddress,
    receivedAtMs,
    read: (limit) => readBody(request, limit),
    onAbort: (listener) => onAbort(response, listener),
  };
}

function readHeaders(raw: readonly string[]): Headers {
  if (raw.length > HEADERS_MAX * 2) throw new GatewayError('request.invalid', `more than ${HEADERS_MAX} header fields`);
  const headers: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] as string).toLowerCase();
    const value = raw[index + 1] as string;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (SINGLETONS.has(name))
      throw new GatewayError('request.invalid', `the header \`${name}\` occurs more than once`);
    else if (typeof before === 'string') headers[name] = [before, value];
    else before.push(value);
  }
  return headers;
}

function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limit) return Promise.reject(tooLarge(limit));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else reject(tooLarge(limit));
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.on('error', (cause) =>
      reject(new GatewayError('request.aborted', 'the client went away before its request was complete', { cause })),
    );
  });
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError(
    'request.too_large',
    `the request's body is larger than ${limit} bytes; this route takes no more`,
  );
}

function onAbort(response: ServerResponse, listener: () => void): void {
  response.once('close', () => {
    if (!response.writableFinished) listener();
  });
}
