// A proxy that changes nothing and writes down what passes: what a client that is a process of its own really sends.
import { createServer, type IncomingHttpHeaders, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Passed {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Of the answer, once it has begun. */
  status: number | undefined;
  /** The run that the gateway counts it to. */
  run: string | undefined;
}

export interface RecordingProxy {
  readonly url: string;
  readonly passed: Passed[];
  close(): Promise<void>;
}

export async function recordingProxy(target: string): Promise<RecordingProxy> {
  const { hostname, port } = new URL(target);
  const passed: Passed[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const one: Passed = { method, url, headers, status: undefined, run: undefined };
    passed.push(one);
    const onward = ask({ hostname, port, method, path: url, headers });
    onward.on('response', (answer) => {
      one.status = answer.statusCode;
      one.run = answer.headers['waygate-run']?.toString();
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
