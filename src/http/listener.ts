import { createServer, type Server } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
}

/** A listening server. */
export interface Listener {
  readonly url: string;
  readonly port: number;
  /** Stops listening; connections end as soon as they are idle. Resolves when the last one has ended. */
  close(): Promise<void>;
  /** Ends all connections at once. */
  destroy(): void;
}

const REQUEST_MS = 300_000;
const HEAD_MS = 30_000;
const SWEEP_MS = 100;

/** Opens a listener for an app. Throws where the address is taken. */
export async function listen<Env extends { Bindings: HttpBindings }>(
  app: Hono<Env>,
  options: ListenerOptions,
): Promise<Listener> {
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer(
    { headersTimeout: HEAD_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: 75_000 },
    (request, response) => void listener(request, response),
  );
  // Counted and refused by the front door; Node would drop the surplus without a word.
  server.maxHeadersCount = 0;
  refuseUpgrades(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : options.port;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    port,
    close: () => close(server),
    destroy: () => server.closeAllConnections(),
  };
}

// RFC 9110 §15.5.22. Clients that try a WebSocket first (Codex on /v1/responses) fall back to HTTP at once.
const UPGRADE_BODY = JSON.stringify({
  error: {
    type: 'request.upgrade',
    code: 'request.upgrade',
    message: 'this gateway speaks plain HTTP here, not WebSocket; send a POST',
    param: null,
  },
});

function refuseUpgrades(server: Server): void {
  server.on('upgrade', (_, socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(
      `HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(UPGRADE_BODY)}\r\n\r\n${UPGRADE_BODY}`,
    );
  });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  server.closeIdleConnections();
  await closed;
  clearInterval(sweep);
}
