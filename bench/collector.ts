// An OTLP/HTTP collector that only counts: every export is accepted, `GET /seen` says how many bytes came.
//   node bench/collector.ts PORT
import { createServer } from 'node:http';

const seen = { traceBytes: 0, metricBytes: 0 };

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.end(JSON.stringify(seen));
    return;
  }
  const kind = request.url === '/v1/traces' ? 'traceBytes' : 'metricBytes';
  request.on('data', (chunk: Buffer) => (seen[kind] += chunk.length));
  request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
});

server.listen(Number(process.argv[2]), '127.0.0.1');
