// A provider that costs next to nothing: the same chat completion for everybody, as JSON or as server-sent events.
//   node bench/upstream.ts PORT
import { createServer, type ServerResponse } from 'node:http';
import { ANSWER, EVENTS } from './traffic.ts';

const json = Buffer.from(ANSWER);

const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  let streams = false;
  request.on('data', (chunk: Buffer) => (streams ||= chunk.includes('"stream":true')));
  request.on('end', () => {
    if (streams) return sendEvents(response);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': json.length }).end(json);
  });
});

/** Each event is a write of its own, in a turn of its own, as a model's would be. */
function sendEvents(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let sent = 0;
  const next = (): void => {
    if (response.destroyed) return;
    response.write(EVENTS[sent]);
    sent += 1;
    if (sent < EVENTS.length) setImmediate(next);
    else response.end();
  };
  next();
}

server.listen(Number(process.argv[2]), '127.0.0.1');
