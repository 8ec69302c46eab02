// The one client for side requests: key sets and webhooks. Calls of agents go through `upstreams`.
// INVARIANT: it reaches public addresses over TLS, and beyond them only what the config names; names are judged by the
// addresses that they resolve to, and the connection goes to exactly those.
// INVARIANT: no redirect is followed, no answer outgrows its limit, no request outlives its time.
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import { type Reach, refusedAddress, refusedUrl } from './destination.ts';

/** Resolves a name to all its addresses. */
export type Resolve = (name: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void;

export interface OutboundOptions extends Reach {
  /** For one whole request, in milliseconds. */
  readonly timeoutMs?: number;
  readonly bodyBytesMax?: number;
  readonly resolve?: Resolve;
}

/** An answer, whole. `maxAgeSeconds` is the `max-age` of its Cache-Control, 0 for `no-store` and `no-cache`. */
export interface OutboundAnswer {
  readonly status: number;
  readonly body: Buffer;
  readonly maxAgeSeconds: number | undefined;
}

export interface OutboundClient {
  /** Rejects with an `Error` that names the host and what was wrong. */
  get(url: string): Promise<OutboundAnswer>;
  /** The same with a body. Header names in lower case. */
  post(
    url: string,
    message: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  ): Promise<OutboundAnswer>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 5_000;
const BODY_BYTES_MAX = 262_144;

const systemResolve: Resolve = (name, done) => systemLookup(name, { all: true }, done);

/** Opens the client. Connections are made when requests need them. */
export function outboundClient(options: OutboundOptions): OutboundClient {
  const { timeoutMs = TIMEOUT_MS, bodyBytesMax = BODY_BYTES_MAX } = options;
  const agent = new Agent({
    // With autoSelectFamily Node asks the look-up for all addresses, and tries one after the other.
    connect: { timeout: timeoutMs, lookup: guardedLookup(options), autoSelectFamily: true, rejectUnauthorized: true },
    allowH2: false,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  async function ask(
    text: string,
    how: {
      readonly method: 'GET' | 'POST';
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    },
  ): Promise<OutboundAnswer> {
    const url = new URL(text);
    const refused = refusedUrl(url, options);
    if (refused !== undefined) throw new Error(refused);
    const answer = await request(url, {
      dispatcher: agent,
      ...how,
      headers: { accept: 'application/json', 'accept-encoding': 'identity', ...how.headers },
      signal: AbortSignal.timeout(timeoutMs),
    });
    return {
      status: answer.statusCode,
      maxAgeSeconds: maxAge(answer.headers['cache-control']),
      body: await readBody(answer, url, bodyBytesMax),
    };
  }

  return {
    get: (url) => ask(url, { method: 'GET' }),
    post: (url, { headers, body }) => ask(url, { method: 'POST', headers, body }),
    close: () => agent.close(),
  };
}

/** Resolves once, judges every address, and hands back the very ones that were judged. */
function guardedLookup(options: OutboundOptions): LookupFunction {
  const { resolve = systemResolve } = options;
  return (host, _, callback) => {
    resolve(host, (error, addresses) => {
      const refused = addresses
        .map(({ address }) => refusedAddress(host, address, options))
        .find((reason) => reason !== undefined);
      const reason = refused ?? (addresses.length === 0 ? `\`${host}\` has no address` : undefined);
      if (error) callback(error, []);
      else if (reason !== undefined) callback(new Error(reason), []);
      else callback(null, [...addresses]);
    });
  };
}

async function readBody(answer: Dispatcher.ResponseData, url: URL, limit: number): Promise<Buffer> {
  const reason = unreadable(answer);
  if (reason !== undefined) {
    await answer.body.dump({ limit: 0 });
    throw new Error(`\`${url.host}\` ${reason}`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the stream and with it the connection.
    if (size > limit) throw new Error(`\`${url.host}\` answered with more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function unreadable({ statusCode, headers }: Dispatcher.ResponseData): string | undefined {
  if (statusCode >= 300 && statusCode < 400) return `answered with a redirect (${statusCode}), which is never followed`;
  const encoding = headers['content-encoding'] ?? 'identity';
  return encoding === 'identity' ? undefined : 'answered in a compressed form, which was not asked for';
}

/** RFC 9111 §5.2.2. */
function maxAge(cacheControl: string | readonly string[] | undefined): number | undefined {
  const directives = String(cacheControl ?? '').toLowerCase();
  if (/\bno-(?:store|cache)\b/.test(directives)) return 0;
  const seconds = /\bmax-age="?(\d{1,9})\b/.exec(directives)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
