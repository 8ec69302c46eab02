import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import type { Incoming } from '../../src/core/exchange.ts';
import { incoming } from '../../src/http/incoming.ts';
import { door } from '../support/door.ts';
import { askRaw, openRaw, statusOf } from '../support/raw-http.ts';

let server: Server;
let port: number;
/** What the front door made of each request: the request, or the message of its refusal. */
const seen: (Incoming | string)[] = [];
let answer: (request: Incoming, respond: () => void, response: ServerResponse) => void;

beforeAll(async () => {
  server = createServer((request, response) => {
    response.setHeader('connection', 'close');
    try {
      const rules = door();
      const flight = rules.enter(response);
      const admitted = incoming(request, response, { receivedAtMs: 1_000, rules, flight });
      seen.push(admitted);
      answer(admitted, () => response.end('ok'), response);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      seen.push(error.message);
      response.writeHead(error.status).end();
    }
  });
  server.maxHeadersCount = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen.length = 0;
  answer = (_, respond) => respond();
});

const get = (target: string, ...fields: readonly string[]): Promise<string> =>
  askRaw(port, [`GET ${target} HTTP/1.1`, 'host: a', ...fields, '', ''].join('\r\n'));

const admitted = (): Incoming => {
  expect(seen[0]).toBeTypeOf('object');
  return seen[0] as Incoming;
};

describe('the path', () => {
  test.each([
    ['/', '/', ''],
    ['/v1/chat/completions', '/v1/chat/completions', ''],
    ['/v1/messages?beta=true', '/v1/messages', '?beta=true'],
    ['/v1/models/ft:gpt-4o:acme::a@1', '/v1/models/ft:gpt-4o:acme::a@1', ''],
    ['/v1/models/...', '/v1/models/...', ''],
    ['/mcp/github/', '/mcp/github/', ''],
    ['/v1/models?a=/../x%2f..&url=http://evil.test//', '/v1/models', '?a=/../x%2f..&url=http://evil.test//'],
  ])('%s is taken as it stands', async (target, path, query) => {
    expect(statusOf(await get(target))).toBe(200);
    expect(admitted()).toMatchObject({ method: 'GET', path, query, peer: '127.0.0.1', receivedAtMs: 1_000 });
  });

  test.each([
    '/v1/../admin',
    '/../admin',
    '/..',
    '/.',
    '/v1/./x',
    '/v1/..',
    '/v1/%2e%2e/admin',
    '/v1/..%2fadmin',
    '/v1/%252e%252e/admin',
    '/v1%2Fchat%2Fcompletions',
    '/v1/%6dodels',
    '/v1/models%00',
    '/v1/models%20',
    '/v1/%zz',
    '/v1/models%23',
    '//evil.test/v1/models',
    '/v1//models',
    '/v1/models//',
    '/v1/chat;a=b/completions',
    '/v1\\..\\admin',
    'http://evil.test/v1/models',
    'HTTP://evil.test/v1/models',
    'http://user:secret@evil.test/v1/models',
    '/v1/models#x',
    '/v1/models?a#b',
    '/v1/m\xfcdels',
    '/v1/models?a=\xfc',
  ])('%s, which two readers could read in two ways, is refused', async (target) => {
    expect(statusOf(await get(target))).toBe(400);
    expect(seen.filter((one) => typeof one === 'object')).toEqual([]);
  });

  test('what is taken for a path is the path that any other reader takes it for', () => {
    const segment = fc.oneof(
      fc.constantFrom('..', '.', '', '%2e%2e', '%2f', ';x', '\\', '...', 'v1', 'models', 'a:b@c', '%41', '~', "'"),
      fc.string({ maxLength: 4 }),
    );
    const rules = door();
    const flight = { hold() {}, flows() {} };
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
        const target = `/${segments.join('/')}`;
        let path: string;
        try {
          ({ path } = incoming(bareRequest(target), {} as never, { receivedAtMs: 0, rules, flight }));
        } catch {
          return true;
        }
        const { pathname } = new URL(`http://h${path}`);
        return pathname === path && decodeURIComponent(path) === path && !path.includes('//');
      }),
      { numRuns: 500 },
    );
  });
});

function bareRequest(url: string): Parameters<typeof incoming>[0] {
  return { method: 'GET', url, rawHeaders: [], httpVersion: '1.1', socket: {} } as never;
}

describe('the header fields', () => {
  test('names are in lower case, and a repeated field keeps all its values', async () => {
    await get('/', 'X-One: 1', 'Anthropic-Beta: a', 'anthropic-beta: b', 'ANTHROPIC-BETA: c');
    expect({ ...admitted().headers }).toEqual({ host: 'a', 'x-one': '1', 'anthropic-beta': ['a', 'b', 'c'] });
  });

  test.each([
    'Host',
    'Authorization',
    'X-Api-Key',
    'Content-Type',
    'Origin',
    'Mcp-Session-Id',
    'Mcp-Name',
    'Traceparent',
  ])('a second `%s` is refused', async (name) => {
    const first = name === 'Host' ? [] : [`${name}: a`];
    expect(statusOf(await get('/', ...first, `${name.toLowerCase()}: b`))).toBe(400);
    expect(seen).toEqual([`the header \`${name.toLowerCase()}\` occurs more than once`]);
  });

  test('a hundred fields are taken, one more is refused and none dropped', async () => {
    const fields = Array.from({ length: 99 }, (_, index) => `x-${index}: ${index}`);
    expect(statusOf(await get('/', ...fields))).toBe(200);
    expect(Object.keys(admitted().headers)).toHaveLength(100);
    expect(statusOf(await get('/', ...fields, 'x-last: 1'))).toBe(431);
    expect(seen[1]).toBe('the request has more than 100 header fields');
  });

  test('fields called like properties of objects are only fields', async () => {
    await get('/', '__proto__: x', 'constructor: y', 'tostring: z');
    const { headers } = admitted();
    expect(headers['__proto__']).toBe('x');
    expect(headers['constructor']).toBe('y');
    expect(headers['hasOwnProperty']).toBeUndefined();
  });
});

describe('where the body ends', () => {
  const post = (version: string, ...fields: readonly string[]): Promise<string> =>
    askRaw(port, [`POST /v1/messages HTTP/${version}`, 'host: a', 'connection: close', ...fields].join('\r\n'));

  test.each([
    ['a coding besides chunked', '1.1', ['transfer-encoding: gzip, chunked', '', '0\r\n\r\n']],
    ['chunks in HTTP/1.0', '1.0', ['transfer-encoding: chunked', '', '0\r\n\r\n']],
    ['a length and chunks', '1.1', ['content-length: 6', 'transfer-encoding: chunked', '', '0\r\n\r\nG']],
    ['two lengths', '1.1', ['content-length: 1', 'content-length: 1', '', 'x']],
  ])('%s: refused', async (_, version, lines) => {
    expect(statusOf(await post(version, ...lines))).toBe(400);
    expect(seen.filter((one) => typeof one === 'object')).toEqual([]);
  });

  test.each([
    ['GET', ['content-length: 5', '', 'hello']],
    ['HEAD', ['content-length: 5', '', 'hello']],
    ['GET', ['transfer-encoding: chunked', '', '0\r\n\r\n']],
  ])('%s has no body', async (method, lines) => {
    const answered = await askRaw(port, [`${method} /v1/models HTTP/1.1`, 'host: a', ...lines].join('\r\n'));
    expect(statusOf(answered)).toBe(400);
    expect(seen).toEqual([`a ${method} has no body here`]);
  });

  test('HTTP/0.9, which has no header fields, is refused', async () => {
    expect(statusOf(await askRaw(port, 'GET /v1/models\r\n\r\n'))).toBe(400);
    expect(seen.filter((one) => typeof one === 'object')).toEqual([]);
  });

  test('HTTP/1.0, which some proxies still speak, is taken', async () => {
    expect(statusOf(await post('1.0', 'content-length: 2', '', 'hi'))).toBe(200);
  });
});

describe('the client going away', () => {
  test('is told to everyone who asked, once', async () => {
    const told: number[] = [];
    const gone = Promise.withResolvers<void>();
    answer = (request) => {
      for (let index = 0; index < 50; index += 1) request.onAbort(() => told.push(index));
      request.onAbort(gone.resolve);
    };
    const connection = await openRaw(port);
    connection.send('GET /v1/models HTTP/1.1\r\nhost: a\r\n\r\n');
    await expect.poll(() => seen.length).toBe(1);
    connection.socket.destroy();
    await gone.promise;
    expect(told).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  test('is told at once to whoever asks too late', async () => {
    const gone = Promise.withResolvers<void>();
    answer = (request) => request.onAbort(gone.resolve);
    const connection = await openRaw(port);
    connection.send('GET /v1/models HTTP/1.1\r\nhost: a\r\n\r\n');
    await expect.poll(() => seen.length).toBe(1);
    connection.socket.destroy();
    await gone.promise;
    let late = 0;
    admitted().onAbort(() => (late += 1));
    expect(late).toBe(1);
  });

  test('is nothing once the answer is complete', async () => {
    let told = 0;
    answer = (request, respond) => {
      request.onAbort(() => (told += 1));
      respond();
    };
    expect(statusOf(await get('/v1/models'))).toBe(200);
    admitted().onAbort(() => (told += 1));
    expect(told).toBe(0);
  });

  test('costs one listener on the response, however many ask', async () => {
    let listeners = 0;
    answer = (request, respond, response) => {
      const before = response.listenerCount('close');
      for (let index = 0; index < 50; index += 1) request.onAbort(() => {});
      listeners = response.listenerCount('close') - before;
      respond();
    };
    await get('/v1/models');
    expect(listeners).toBe(1);
  });
});
