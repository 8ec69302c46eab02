// Servers that cost next to nothing, so that the machine is the gateway's: tools, an API, a collector. The models are the demo's.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Server {
  /** Its origin. */
  readonly url: string;
  close(): Promise<void>;
}

export async function serve(answer: RequestListener): Promise<Server> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const TOOLS = ['search_notes', 'read_note', 'delete_note', 'add'].map((name) => ({
  name,
  description: `What ${name} does, in so many words.`,
  inputSchema: { type: 'object', properties: { id: { type: 'string' } } },
}));

interface Rpc {
  readonly id: number;
  readonly method: string;
}

/** An MCP server: lists as JSON, results of calls as an event. */
export function startTools(): Promise<Server> {
  return serve((request, response) => {
    read(request, (body) => {
      const { id, method } = JSON.parse(body) as Rpc;
      if (method === 'tools/list') return json(response, { jsonrpc: '2.0', id, result: { tools: TOOLS } });
      const message = JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: '5' }] } });
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`event: message\ndata: ${message}\n\n`);
    });
  });
}

export function startApi(): Promise<Server> {
  return serve((request, response) => read(request, () => json(response, { issue: 7, state: 'open' })));
}

export interface Collector extends Server {
  /** Of traces that came. */
  bytes(): number;
}

export async function startCollector(): Promise<Collector> {
  let bytes = 0;
  const server = await serve((request, response) => {
    request.on('data', (chunk: Buffer) => {
      if (request.url === '/v1/traces') bytes += chunk.length;
    });
    request.once('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  return { ...server, bytes: () => bytes };
}

function read(request: IncomingMessage, then: (body: string) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => then(Buffer.concat(chunks).toString()));
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
