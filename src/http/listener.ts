import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Certificate } from '../core/certificate.ts';
import { GatewayError } from '../core/errors.ts';
import { answerBrokenRequests } from './broken-request.ts';
import { type ConnectionLimits, limitConnections } from './connections.ts';
import { deliver } from './deliver.ts';
import { problem } from './problem.ts';
import { type SecureOptions, secureServer } from './secure.ts';
import { refuseTunnels, refuseUpgrades, wantsWebSocket } from './upgrade.ts';

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Undefined for plain HTTP/1.1; with it, HTTP/2 and HTTP/1.1 over TLS. */
  readonly certificate?: Certificate | undefined;
  /** How long is waited for what; the usual times unless said. */
  readonly times?: ListenerTimes;
  /** Unlimited unless said. */
  readonly limits?: ConnectionLimits;
}

export interface ListenerTimes {
  /** For a request's header fields to arrive. */
  readonly headMs: number;
  /** For its body, which the front door watches over as well. */
  readonly bodyMs: number;
  /** Between two requests. */
  readonly idleMs: number;
}

/** A listening server. */
export interface Listener {
  readonly url: string;
  readonly port: number;
  /** Shows this certificate to connections that come from now on. Nothing where there is no TLS. */
  show(certificate: Certificate): void;
  /** Ends the connections that are idle now, has clients go elsewhere with their next request, and goes on listening. */
  closeIdle(): void;
  /** Stops listening; connections end as soon as they are idle. Resolves when the last one has ended. */
  close(): Promise<void>;
  /** Ends all connections at once. */
  destroy(): void;
}

const USUAL_TIMES: ListenerTimes = { headMs: 10_000, bodyMs: 300_000, idleMs: 75_000 };
const TIMEOUT_CHECK_MS = 5_000;
/** Connections that may wait to be taken: a fleet comes back all at once after a restart. */
const BACKLOG = 4_096;
const SWEEP_MS = 50;
/** How long a connection that has not sent a whole head may hold up `close`. */
const SILENCE_SWEEPS = 10;

/** An app of Hono's, as Node asks for answers. */
export function listenerOf<Env extends { Bindings: HttpBindings }>(app: Hono<Env>): RequestListener {
  // Unread bodies are the front door's business (deliver.ts).
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false, autoCleanupIncoming: false });
  return (request, response) => void answer(request, response);
}

/** Opens a listener. Throws where the address is taken. */
export async function listen(answer: RequestListener, options: ListenerOptions): Promise<Listener> {
  const requests = countedRequests(answer);
  const { certificate, times = USUAL_TIMES } = options;
  const http1 = http1Options(times);
  const secure = certificate && secureServer(requests.take, { http1, certificate, handshakeMs: times.headMs });
  const server = secure?.server ?? createServer(http1);
  // Counted and refused by the front door; Node would drop the surplus without a word.
  server.maxHeadersCount = 0;
  const take = unlessPipelined(requests.take);
  server.on('request', take);
  // Whether a body may come is decided when it is read (read-body.ts).
  server.on('checkContinue', take);
  refuseUpgrades(server);
  refuseTunnels(server);
  answerBrokenRequests(server);
  if (options.limits) limitConnections(server, options.limits);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, host: options.host, backlog: BACKLOG }, resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : options.port;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const destroy = (): void => (secure ? secure.destroy() : server.closeAllConnections());
  return {
    url: `${secure ? 'https' : 'http'}://${host}:${port}`,
    port,
    show: (next) => secure?.show(next),
    closeIdle() {
      server.closeIdleConnections();
      secure?.streams.leave();
    },
    close() {
      secure?.streams.close();
      return close(server, requests, destroy);
    },
    destroy,
  };
}

function http1Options({ headMs, bodyMs, idleMs }: ListenerTimes): SecureOptions['http1'] {
  return {
    headersTimeout: headMs,
    // Past the front door's own time, so that the client is told in its dialect.
    requestTimeout: headMs + bodyMs * 2,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, headMs / 2),
    shouldUpgradeCallback: wantsWebSocket,
  };
}

/** How many requests are being answered. */
interface Requests {
  readonly open: number;
  readonly take: RequestListener;
}

function countedRequests(answer: RequestListener): Requests {
  let open = 0;
  const ended = (): void => {
    open -= 1;
  };
  return {
    take(request, response) {
      open += 1;
      response.on('close', ended);
      answer(request, response);
    },
    get open() {
      return open;
    },
  };
}

// A request that comes before the one ahead of it was answered: its answer would have no socket yet, so that nobody would
// learn of its client's going away. No client of ours sends one, and whoever does can tell requests apart as it likes.
function unlessPipelined(take: RequestListener): RequestListener {
  return (request, response) => {
    if (response.socket?.writable) take(request, response);
    else refusePipelined(response);
  };
}

function refusePipelined(response: ServerResponse): void {
  response.setHeader('connection', 'close');
  const message = 'expected one request at a time on a connection; send this one again on another';
  deliver(problem(new GatewayError('request.invalid', message), undefined), response);
}

async function close(server: Server, requests: Requests, destroy: () => void): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  let sweeps = 0;
  const sweep = setInterval(() => {
    sweeps += 1;
    server.closeIdleConnections();
    // To Node a connection that never said anything is not idle.
    if (requests.open === 0 && sweeps >= SILENCE_SWEEPS) destroy();
  }, SWEEP_MS);
  await closed;
  clearInterval(sweep);
}
