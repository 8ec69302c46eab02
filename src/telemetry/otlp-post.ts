import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** What came of a request to the collector (OTLP/HTTP 1.x, "Failures"). */
export type Posted =
  | { readonly kind: 'taken' }
  /** `afterMs` is the collector's own wish, where it had one. */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: number }
  | { readonly kind: 'refused'; readonly reason: string };

export interface Collector {
  post(body: Buffer): Promise<Posted>;
  /** Gives up what is under way and takes nothing more. */
  close(): void;
}

export interface CollectorSource {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

const RETRYABLE = new Set([429, 502, 503, 504]);
const RETRY_AFTER_MAX_S = 30;

/** One connection to an OTLP/HTTP collector. Its answers' bodies are not read, redirects are not followed. */
export function collector(source: CollectorSource): Collector {
  const { url, timeoutMs } = source;
  const secure = url.protocol === 'https:';
  const send = secure ? httpsRequest : httpRequest;
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, maxSockets: 1 })
    : new HttpAgent({ keepAlive: true, maxSockets: 1 });
  const options = { method: 'POST', agent, headers: { ...source.headers, 'content-type': 'application/x-protobuf' } };
  let open = true;
  return {
    async post(body) {
      if (!open) return { kind: 'refused', reason: 'the process is ending' };
      const { promise, resolve } = Promise.withResolvers<Posted>();
      const request = send(url, { ...options, headers: { ...options.headers, 'content-length': body.length } });
      const late = (): void => void request.destroy(new Error(`no answer within ${timeoutMs} ms`));
      const timer = setTimeout(late, timeoutMs).unref();
      request.on('response', (response) => {
        // The connection is free for the next request once the answer has gone by, which the time-out covers too.
        response.on('error', () => {});
        response.resume();
        resolve(verdict(response));
      });
      request.on('error', (error) => resolve({ kind: 'retry', reason: error.message }));
      request.end(body);
      request.on('close', () => clearTimeout(timer));
      return promise;
    },
    close() {
      open = false;
      agent.destroy();
    },
  };
}

function verdict({ statusCode = 0, headers }: IncomingMessage): Posted {
  if (statusCode >= 200 && statusCode < 300) return { kind: 'taken' };
  const reason = `the collector answered ${statusCode}`;
  if (!RETRYABLE.has(statusCode)) return { kind: 'refused', reason };
  const seconds = Number(headers['retry-after']);
  if (!(seconds >= 0)) return { kind: 'retry', reason };
  return { kind: 'retry', reason, afterMs: Math.min(seconds, RETRY_AFTER_MAX_S) * 1_000 };
}
