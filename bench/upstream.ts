// A provider that costs next to nothing: the same chat completion for everybody, as JSON or as server-sent events.
//   node bench/upstream.ts PORT
import { createServer, type ServerResponse } from 'node:http';
import { ANSWER, EVENTS, type Pace, PACES } from './traffic.ts';

const json = Buffer.from(ANSWER);

const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const pace = PACES.find((one) => Buffer.concat(chunks).includes(`"user":"${one}"`));
    if (pace) return sendEvents(response, pace);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': json.length }).end(json);
  });
});

const PACE_MS = 5;

/** Each event is a write of its own, as a model's would be: at once, one every 5 ms, or but the first. */
function sendEvents(response: ServerResponse, pace: Pace): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let sent = 0;
  const next = (): void => {
    if (response.destroyed) return;
    response.write(EVENTS[sent]);
    sent += 1;
    if (sent === EVENTS.length) response.end();
    else if (pace === 'burst') setImmediate(next);
    else if (pace === 'paced') setTimeout(next, PACE_MS);
  };
  next();
}

server.listen(Number(process.argv[2]), '127.0.0.1');
