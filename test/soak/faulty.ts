// A reverse proxy that stands before an upstream and, as the dice say, does to an answer what networks and providers do.
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export const UPSTREAM_FAULTS = ['reset', 'error', 'truncated', 'slow'] as const;
export type UpstreamFault = (typeof UPSTREAM_FAULTS)[number];

export interface FaultyProxy {
  readonly url: string;
  close(): Promise<void>;
}

const SLOW_MS = 300;

/** Sends everything on to an origin; `fault` is asked of each request. */
export async function faultyProxy(origin: string, fault: () => UpstreamFault | undefined): Promise<FaultyProxy> {
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, response) => {
    const chosen = fault();
    if (chosen === 'reset') return void incoming.socket.resetAndDestroy();
    if (chosen === 'error') return answerError(incoming, response);
    const { method, url, headers } = incoming;
    const onward = request(origin + url, { method, headers: { ...headers, host: new URL(origin).host }, agent });
    onward.once('response', (answer) => passOn(answer, response, chosen));
    onward.once('error', () => response.destroy());
    response.once('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answerError(incoming: IncomingMessage, response: ServerResponse): void {
  incoming.resume().once('end', () => {
    response.writeHead(503, { 'content-type': 'application/json' });
    response.end('{"error":{"message":"overloaded","type":"server_error"}}');
  });
}

function passOn(answer: IncomingMessage, response: ServerResponse, fault: UpstreamFault | undefined): void {
  const { connection: _, 'keep-alive': __, ...headers } = answer.headers;
  response.writeHead(answer.statusCode ?? 502, headers);
  if (fault === 'truncated') {
    answer.once('data', (chunk: Buffer) =>
      response.write(chunk.subarray(0, chunk.length >> 1), () => response.destroy()),
    );
    return;
  }
  if (fault === 'slow') {
    answer.pause();
    response.flushHeaders();
    setTimeout(() => answer.pipe(response), SLOW_MS);
    return;
  }
  answer.pipe(response);
}
