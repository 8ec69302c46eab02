// A real HTTP server on loopback that a test scripts: it records what it was sent and answers as told.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface ScriptedUpstream {
  readonly url: string;
  readonly received: Received[];
  /** How it answers from now on. */
  answer: (request: Received, response: ServerResponse, raw: IncomingMessage) => void;
  close(): Promise<void>;
}

/** Answers `{}` until told otherwise; on any free port unless one is given. */
export async function scriptedUpstream(at = 0): Promise<ScriptedUpstream> {
  const received: Received[] = [];
  const upstream: Pick<ScriptedUpstream, 'answer'> = { answer: (_, response) => json(response, {}) };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = request;
      const seen = { method, url, headers, rawHeaders, body: Buffer.concat(chunks) };
      received.push(seen);
      upstream.answer(seen, response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(upstream, {
    url: `http://127.0.0.1:${port}`,
    received,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
