import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../core/errors.ts';
import { type Headers, header, type Incoming } from '../core/exchange.ts';
import { plainPath } from './plain-path.ts';
import { readBody } from './read-body.ts';

/** Fields of which a second one would let two readers see two requests (RFC 9110 §5.3). */
const SINGLETONS = new Set([
  'host',
  'origin',
  'content-type',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'expect',
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
const PLAIN_QUERY = /^[\x21\x22\x24-\x7e]*$/;

/** Node's request as the pipeline takes it. Throws `request.invalid` where two readers could read it in two ways. */
export function incoming(request: IncomingMessage, response: ServerResponse, receivedAtMs: number): Incoming {
  const { method = 'GET', url = '' } = request;
  const mark = url.indexOf('?');
  const path = plainPath(mark < 0 ? url : url.slice(0, mark));
  const query = mark < 0 ? '' : url.slice(mark);
  if (path === undefined) throw invalid(NOT_PLAIN);
  if (!PLAIN_QUERY.test(query)) throw invalid('the query has characters that must be percent-encoded');
  const headers = readHeaders(request.rawHeaders);
  checkFraming(request, headers);
  const onAbort = abortListeners(response);
  return {
    method,
    path,
    query,
    headers,
    peer: request.socket.remoteAddress,
    receivedAtMs,
    read: (limit) => readBody(request, response, { headers, limit }),
    onAbort,
  };
}

const NOT_PLAIN =
  'the path is not in its plain form: expected one like `/v1/chat/completions`, without scheme and host, `//`, `.` or `..` segments, `;`, `\\` or percent-encoding; below `/http/` characters that must be encoded may be, each in one way';

function readHeaders(raw: readonly string[]): Headers {
  if (raw.length > HEADERS_MAX * 2) throw invalid(`the request has more than ${HEADERS_MAX} header fields`);
  const headers: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] as string).toLowerCase();
    const value = raw[index + 1] as string;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (SINGLETONS.has(name)) throw invalid(`the header \`${name}\` occurs more than once`);
    else if (typeof before === 'string') headers[name] = [before, value];
    else before.push(value);
  }
  return headers;
}

/** Where a body ends must be beyond doubt (RFC 9112 §6), here and at whatever stands before us. */
function checkFraming(request: IncomingMessage, headers: Headers): void {
  const { httpVersion, method } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') throw invalid(`expected HTTP/1.1, not HTTP/${httpVersion}`);
  const coding = header(headers, 'transfer-encoding');
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || httpVersion === '1.0')) {
    throw invalid('expected `transfer-encoding: chunked` or none');
  }
  if (method !== 'GET' && method !== 'HEAD') return;
  if (coding !== undefined || (headers['content-length'] ?? '0') !== '0') throw invalid(`a ${method} has no body here`);
}

/** One listener on the socket, however many ask: a list asks once per upstream. */
function abortListeners(response: ServerResponse): Incoming['onAbort'] {
  let listeners: (() => void)[] | undefined;
  const fire = (): void => {
    if (response.writableFinished) return;
    for (const listener of listeners ?? []) listener();
  };
  return (listener) => {
    if (response.closed) {
      if (!response.writableFinished) listener();
      return;
    }
    if (listeners) listeners.push(listener);
    else {
      listeners = [listener];
      response.on('close', fire);
    }
  };
}

function invalid(message: string): GatewayError {
  return new GatewayError('request.invalid', message);
}
