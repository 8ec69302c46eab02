import { createServer, type IncomingMessage, type RequestListener } from 'node:http';

export interface DemoOptions {
  /** 0 or absent for a free port. */
  readonly port?: number;
}

/** A demo upstream that listens. */
export interface DemoServer {
  readonly url: string;
  /** Ends every connection and the listener; resolves when both are gone. */
  close(): Promise<void>;
}

/** The path without its query. `URL` would throw on what only looks like one (`//`). */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').replace(/\?.*$/s, '');
}

/** Serves on 127.0.0.1 and nowhere else. Throws where the port is taken. */
export async function serveOnLoopback(handler: RequestListener, options: DemoOptions): Promise<DemoServer> {
  const server = createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the demo server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
