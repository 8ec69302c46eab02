import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../core/errors.ts';
import { type Headers, header, type Incoming } from '../core/exchange.ts';
import { remembered } from '../core/remembered.ts';
import type { Flight } from './in-flight.ts';
import { plainPath } from './plain-path.ts';
import { type BodyRules, readBody } from './read-body.ts';

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

// RFC 9110 §5.5, without what is not ASCII: readers differ in which characters that is.
const PLAIN_VALUE = /^[\t\x20-\x7e]*$/;

export interface Receiving {
  readonly receivedAtMs: number;
  readonly rules: BodyRules;
  readonly flight: Flight;
}

/** Node's request as the pipeline takes it. Throws `request.*` where two readers could read it in two ways. */
export function incoming(
  request: IncomingMessage,
  response: ServerResponse,
  { receivedAtMs, rules, flight }: Receiving,
): Incoming {
  const { method = 'GET', url = '' } = request;
  const mark = url.indexOf('?');
  const path = plainPath(mark < 0 ? url : url.slice(0, mark));
  const query = mark < 0 ? '' : url.slice(mark);
  if (path === undefined) throw invalid(NOT_PLAIN);
  if (!PLAIN_QUERY.test(query)) throw invalid('the query has characters that must be percent-encoded');
  const headers = readHeaders(request.rawHeaders);
  checkFraming(request, headers);
  const coding = takeCoding(headers);
  const onAbort = abortListeners(response);
  return {
    method,
    path,
    query,
    headers,
    peer: request.socket.remoteAddress,
    receivedAtMs,
    read: (limit) => readBody(request, response, { headers, coding, limit, rules, flight }),
    onAbort,
  };
}

const VERSIONS = new Set(['1.0', '1.1', '2.0']);
const NOT_PLAIN =
  'the path is not in its plain form: expected one like `/v1/chat/completions`, without scheme and host, `//`, `.` or `..` segments, `;`, `\\` or percent-encoding; below `/http/` characters that must be encoded may be, each in one way';

type Fields = Record<string, string | string[]>;

function readHeaders(raw: readonly string[]): Fields {
  if (raw.length > HEADERS_MAX * 2) {
    throw new GatewayError('request.too_many_headers', `the request has more than ${HEADERS_MAX} header fields`);
  }
  const headers = Object.create(null) as Fields;
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] as string).toLowerCase();
    const value = raw[index + 1] as string;
    if (!PLAIN_VALUE.test(value)) throw invalid('a header field has characters that are not printable ASCII');
    if (isMasked(name))
      throw invalid(`the header \`${name.slice(0, 100)}\` could be taken for one of another spelling`);
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (SINGLETONS.has(name)) throw invalid(`the header \`${name}\` occurs more than once`);
    else if (typeof before === 'string') headers[name] = [before, value];
    else before.push(value);
  }
  return headers;
}

// Servers that hand fields on as variables (CGI, WSGI) take `_` and `.` for `-`.
const isMasked = remembered((name) => /[_.]/.test(name) && SINGLETONS.has(name.replace(/[_.]/g, '-')));

/** The body's coding; the fields say what is read, which is decoded. */
function takeCoding(headers: Fields): string | undefined {
  const coding = header(headers, 'content-encoding');
  if (coding === undefined) return undefined;
  delete headers['content-encoding'];
  return coding.toLowerCase() === 'identity' ? undefined : coding;
}

/** Where a body ends must be beyond doubt (RFC 9112 §6), here and at whatever stands before us. */
function checkFraming(request: IncomingMessage, headers: Headers): void {
  const { httpVersion, method } = request;
  if (!VERSIONS.has(httpVersion)) throw invalid(`expected HTTP/1.1 or HTTP/2, not HTTP/${httpVersion}`);
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
