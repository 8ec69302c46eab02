// The operators' API over HTTP: who asks, what, and with which rank; then the handlers, which know nothing of it.
// INVARIANT: nothing below `/api` is answered without an operator's own token in `Authorization: Bearer`, which no web page sends.
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { Headers } from '../core/exchange.ts';
import type { Operator } from '../core/operator.ts';
import {
  type AdminHandler,
  type AdminReply,
  type AdminRequest,
  demandRank,
  Refused,
  replyOf,
  unknownPath,
} from './exchange.ts';
import { type FeedSource, openFeed } from './feed-stream.ts';
import { runsApi, type RunsSource } from './runs-api.ts';
import { stopsApi, tenantsApi } from './stops-api.ts';

export interface ApiSource extends RunsSource, FeedSource {
  /** By the configuration in force; undefined where it names nobody. */
  readonly operators: () => ((headers: Headers) => Promise<Operator>) | undefined;
  /** Told of what a reply of 500 does not explain. */
  readonly onFault: (cause: unknown) => void;
  /** Handlers of other parts, by their first part of the path, e.g. `approvals`. Whatever is no GET takes an approver. */
  readonly parts?: Readonly<Record<string, AdminHandler>>;
}

type Asked = Context<{ Bindings: HttpBindings }>;

const BODY_BYTES_MAX = 16_384;
const CLOSED =
  'the operators’ API is closed: name who may use it in `admin.operators` of waygate.yaml, or on loopback set `identity.dev: true` and take a token of `waygate token --operator`';

/** Everything below `/api`. */
export function api(source: ApiSource): Hono<{ Bindings: HttpBindings }> {
  const handlers = new Map<string, AdminHandler>([
    ...Object.entries(source.parts ?? {}),
    ['runs', runsApi(source)],
    ['stops', stopsApi(source)],
    ['tenants', tenantsApi(source)],
  ]);
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.onError((thrown) => {
    const reply = replyOf(thrown);
    if (reply.status === 500) source.onFault(thrown);
    return json(reply);
  });
  app.all('*', async (context) => {
    const viewer = await authorize(context, source);
    const [part = '', ...path] = partsOf(context);
    const handler = handlers.get(part) ?? unknownPath();
    const request = await requestOf(context, viewer, path);
    if (part === 'runs' && path.length === 1 && path[0] === 'feed') return openFeed(source, request);
    return json(await handler(request));
  });
  return app;
}

/** Throws where nobody vouches for who asks, or where it has no rank for what it asks. */
async function authorize(context: Asked, { operators }: ApiSource): Promise<Operator> {
  const identify = operators();
  if (!identify) throw new Refused(403, 'admin.closed', CLOSED);
  const viewer = await identify({ authorization: context.req.header('authorization') });
  demandRank(viewer, context.req.method === 'GET' ? 'viewer' : 'approver');
  return viewer;
}

/** Of the path behind `/api`. */
function partsOf(context: Asked): readonly string[] {
  try {
    return new URL(context.req.url).pathname.split('/').slice(2).map(decodeURIComponent);
  } catch {
    return unknownPath();
  }
}

async function requestOf(context: Asked, viewer: Operator, path: readonly string[]): Promise<AdminRequest> {
  const { method, url } = context.req;
  const text = method === 'GET' ? '' : await readText(context);
  return {
    viewer,
    method,
    path,
    query: Object.fromEntries(new URL(url).searchParams),
    body: text === '' ? undefined : parse(text),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, 'request.invalid', 'expected a body of JSON');
  }
}

async function readText(context: Asked): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of context.req.raw.body ?? []) {
    bytes += piece.length;
    if (bytes > BODY_BYTES_MAX) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function tooLarge(): Refused {
  const detail = `expected a body of at most ${BODY_BYTES_MAX} bytes`;
  // What is left of it is not read.
  return new Refused(413, 'request.too_large', detail, { connection: 'close' });
}

/** What an operator sees is nobody else's: no cache keeps it. */
function json({ status, body, headers }: AdminReply): Response {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, 'content-type': type, 'cache-control': 'no-store' },
  });
}
