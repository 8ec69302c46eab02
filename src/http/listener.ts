import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import { GatewayError } from '../core/errors.ts';
import { answerBrokenRequests } from './broken-request.ts';
import { type ConnectionLimits, limitConnections } from './connections.ts';
import { deliver } from './deliver.ts';
import { problem } from './problem.ts';
import { refuseTunnels, refuseUpgrades, wantsWebSocket } from './upgrade.ts';

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
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
  /** Ends the connections that are idle now, and goes on listening. */
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
  const { headMs, bodyMs, idleMs } = options.times ?? USUAL_TIMES;
  const server = createServer({
    headersTimeout: headMs,
    // Past the front door's own time, so that the client is told in its dialect.
    requestTimeout: headMs + bodyMs * 2,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, headMs / 2),
    shouldUpgradeCallback: wantsWebSocket,
  });
  // Counted and refused by the front door; Node would drop the surplus without a word.
  server.maxHeadersCount = 0;
  const requests = answerWith(server, answer);
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
  return {
    url: `http://${host}:${port}`,
    port,
    closeIdle: () => server.closeIdleConnections(),
    close: () => close(server, requests),
    destroy: () => server.closeAllConnections(),
  };
}

/** How many requests are being answered. */
interface Requests {
  readonly open: number;
}

function answerWith(server: Server, answer: RequestListener): Requests {
  let open = 0;
  const ended = (): void => {
    open -= 1;
  };
  const take: RequestListener = (request, response) => {
    if (!response.socket?.writable) {
      refusePipelined(response);
      return;
    }
    open += 1;
    response.on('close', ended);
    answer(request, response);
  };
  server.on('request', take);
  // Whether a body may come is decided when it is read (read-body.ts).
  server.on('checkContinue', take);
  return {
    get open() {
      return open;
    },
  };
}

// A request that comes before the one ahead of it was answered: its answer would have no socket yet, so that nobody would
// learn of its client's going away. No client of ours sends one, and whoever does can tell requests apart as it likes.
function refusePipelined(response: ServerResponse): void {
  response.setHeader('connection', 'close');
  const message = 'expected one request at a time on a connection; send this one again on another';
  deliver(problem(new GatewayError('request.invalid', message), undefined), response);
}

async function close(server: Server, requests: Requests): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  let sweeps = 0;
  const sweep = setInterval(() => {
    sweeps += 1;
    server.closeIdleConnections();
    // To Node a connection that never said anything is not idle.
    if (requests.open === 0 && sweeps >= SILENCE_SWEEPS) server.closeAllConnections();
  }, SWEEP_MS);
  await closed;
  clearInterval(sweep);
}
