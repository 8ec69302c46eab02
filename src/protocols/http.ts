// Plain HTTP APIs: any method and path. The operation is the resource; path parameters, query and a JSON body are `args`.
// INVARIANT: what was read is what is sent: path, query and body leave byte for byte as they came through the front door.
// INVARIANT: a body that cannot be read is said to be opaque, never taken for none.
import type { Incoming } from '../core/exchange.ts';
import { header } from '../core/exchange.ts';
import { NO_ESTIMATE } from '../core/usage.ts';
import { invalid, isFields, isUnambiguous } from './fields.ts';
import { httpError } from './http-error.ts';
import { METHOD_OVERRIDE, type Query, queryWithLists, readQuery } from './http-query.ts';
import { readJson } from './json.ts';
import { rateLimitFields } from './limit-headers.ts';
import type { Protocol, Reading } from './protocol.ts';
import { noUsage } from './usage-progress.ts';

export const http: Protocol = {
  dialect: 'http',
  read: readRequest,
  write: (body) => ({ body, splices: [], hideUsage: false }),
  withTrace: (call) => call.body,
  narrow: (body) => body,
  usage: noUsage,
  hideUsage: (data) => data,
  error: httpError,
  // Nobody knows how the API tells an error in mid-stream: the connection is cut.
  streamError: () => '',
  limitHeaders: rateLimitFields,
};

/** Which operation of its API a request is, as the config declares it. */
export interface HttpOperation {
  /** `GET /issues/{id}`, or the method and the plain path where none are declared. */
  readonly name: string;
  /** By name, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Query parameters that may occur more than once. */
  readonly lists: ReadonlySet<string>;
}

/** The request as the operation that it is. Throws `request.invalid` where a parameter occurs twice that is no list. */
export function asOperation(reading: Reading, { name, parameters, lists }: HttpOperation): Reading {
  const query = queryWithLists(reading.args['query'] as Query, lists);
  return { ...reading, resource: { kind: 'http', name }, args: { ...reading.args, path: parameters, query } };
}

function readRequest(request: Incoming, path: string, body: Buffer): Reading {
  return {
    action: 'http.request',
    resource: { kind: 'http', name: `${request.method} ${path}` },
    args: { path: {}, query: readQuery(request.query), ...readContent(request, body) },
    estimate: NO_ESTIMATE,
    stream: header(request.headers, 'accept')?.includes('text/event-stream') ?? false,
    rpc: undefined,
    abortable: true,
    traceable: false,
  };
}

/** A request's body as conditions see it. */
interface Content {
  /** Media type in lower case, without parameters; empty where there is no body or it says none. */
  readonly media: string;
  /** True where there is a body that was not read. */
  readonly opaque: boolean;
  /** Of a JSON body: its value. */
  readonly body?: unknown;
}

const NO_CONTENT: Content = { media: '', opaque: false };
const JSON_MEDIA = /^application\/(?:[\w.-]+\+)?json$/;
const CHARSET = /;\s*charset\s*=\s*("?)([^";\s]*)\1/gi;

function readContent({ headers }: Incoming, body: Buffer): Content {
  if (body.length === 0) return NO_CONTENT;
  const type = header(headers, 'content-type') ?? '';
  const media = type.split(';', 1).join('').trim().toLowerCase();
  if (!JSON_MEDIA.test(media)) return { media, opaque: true };
  // In another charset the upstream would read other characters than were checked.
  const charsets = [...type.matchAll(CHARSET)].map(([, , charset = '']) => charset.toLowerCase());
  if (charsets.some((charset) => charset !== 'utf-8')) throw invalid('expected JSON in UTF-8, and no other `charset`');
  const value = readJson(body);
  if (!isUnambiguous(value)) throw invalid('the body has a number or a text that parsers read differently');
  if (isFields(value) && Object.keys(value).some((key) => METHOD_OVERRIDE.test(key))) {
    throw invalid('the body has a key that some servers take for the method; send the method itself');
  }
  return { media, opaque: false, body: value };
}
