// The upstreams of the swarm, as a process of its own: the demo model and the demo tools behind a door that counts.
//   node examples/swarm/upstreams.ts PORT   `/counts` tells what was served
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { startDemoModel } from '../../src/demo/model.ts';
import { startDemoTools } from '../../src/demo/tools.ts';
import { Counter, ended, type Served } from './counts.ts';
import { taggedIn } from './plan.ts';

const [model, tools] = [await startDemoModel(), await startDemoTools()];
const counter = new Counter();

createServer((incoming, response) => {
  if (incoming.url === '/healthz') response.end('ok');
  else if (incoming.url === '/counts') response.end(JSON.stringify(counter.counts));
  else serve(incoming, response).catch(() => response.destroy());
}).listen(Number(process.argv[2]), '127.0.0.1');

async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await buffer(incoming);
  const served = countOf(body.toString());
  const origin = incoming.url?.startsWith('/mcp') ? new URL(tools.url).origin : model.url;
  const { host: _, ...headers } = incoming.headers;
  const sent = request(`${origin}${incoming.url}`, { method: incoming.method, headers });
  response.once('close', () => sent.destroy());
  sent.once('error', () => response.destroy());
  sent.once('response', (answer) => pass(answer, response, served));
  sent.end(body);
}

function pass(answer: IncomingMessage, response: ServerResponse, served: Served | undefined): void {
  let text = '';
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  answer.on('data', (piece: Buffer) => {
    text += piece.toString();
    response.write(piece);
  });
  answer.once('end', () => response.end());
  answer.once('error', () => response.destroy());
  response.once('close', () => {
    if (served) ended(served, response.writableFinished ? text : undefined, Date.now());
  });
}

/** Counts what is a call of a model or of a tool; `initialize` and the like are neither. */
function countOf(body: string): Served | undefined {
  const node = taggedIn(body);
  if (node === undefined) return undefined;
  const {
    model: asked,
    method,
    params,
  } = JSON.parse(body) as {
    readonly model?: string;
    readonly method?: string;
    readonly params?: { readonly name?: string };
  };
  if (asked !== undefined) return counter.came(node, `model/${asked}`, Date.now());
  return method === 'tools/call' ? counter.came(node, `tool/${params?.name}`, Date.now()) : undefined;
}
