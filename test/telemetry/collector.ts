// A loopback OTLP/HTTP collector that keeps what it is sent.
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { decodeTraces, type DecodedSpan } from './decode.ts';

export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface TestCollector {
  readonly endpoint: string;
  readonly posts: readonly Posted[];
  /** Spans of all requests to `/v1/traces`. */
  readonly spans: () => readonly DecodedSpan[];
  /** Resolves once `enough` holds of what has come. */
  readonly until: (enough: (posts: readonly Posted[]) => boolean) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** `answer` decides what each request gets; it may also leave it without an answer. */
export async function startCollector(
  answer: (response: ServerResponse, index: number) => void = (response) => response.end(),
): Promise<TestCollector> {
  const posts: Posted[] = [];
  let check = (): void => {};
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      posts.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
      answer(response, posts.length - 1);
      check();
    });
    request.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    posts,
    spans: () => posts.filter((post) => post.path === '/v1/traces').flatMap((post) => decodeTraces(post.body).spans),
    until: (enough) =>
      new Promise((resolve) => {
        check = () => {
          if (enough(posts)) resolve();
        };
        check();
      }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** An address of this machine where nobody listens. */
export async function deadEndpoint(): Promise<string> {
  const collector = await startCollector();
  await collector.close();
  return collector.endpoint;
}
