import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type OutboundClient, outboundClient, type OutboundOptions, type Resolve } from '../../src/outbound/client.ts';

let answer: (request: IncomingMessage, response: ServerResponse) => void;
let asked: IncomingMessage[];
let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = address !== null && typeof address === 'object' ? address.port : 0;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const clients: OutboundClient[] = [];
function client(options: Partial<OutboundOptions> = {}): OutboundClient {
  const made = outboundClient({ allowPrivate: [], allowLoopback: true, ...options });
  clients.push(made);
  return made;
}
beforeEach(() => {
  asked = [];
  answer = (_, response) => response.end('{}');
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((one) => one.close()));
});

const resolvesTo =
  (...addresses: string[]): Resolve =>
  (_, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
const url = (path = '/'): string => `http://127.0.0.1:${port}${path}`;

describe('a side request', () => {
  test('brings status, body and freshness', async () => {
    answer = (_, response) => response.writeHead(404, { 'cache-control': 'public, max-age=90' }).end('gone');
    const got = await client().get(url('/jwks?x=1'));
    expect(got).toEqual({ status: 404, body: Buffer.from('gone'), maxAgeSeconds: 90 });
    expect(asked[0]?.url).toBe('/jwks?x=1');
  });

  test('asks for JSON, uncompressed, and shows no credential', async () => {
    await client().get(url());
    expect(Object.keys(asked[0]?.headers ?? {}).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host']);
    expect(asked[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('carries a body where it is posted', async () => {
    const bodies: string[] = [];
    answer = (request, response) => {
      request.on('data', (chunk: Buffer) => void bodies.push(chunk.toString()));
      request.on('end', () => response.writeHead(202).end());
    };
    const message = { headers: { 'content-type': 'text/plain' }, body: 'héllo' };
    await expect(client().post(url('/hook'), message)).resolves.toMatchObject({ status: 202 });
    expect(bodies.join('')).toBe('héllo');
    expect(asked[0]).toMatchObject({ method: 'POST', url: '/hook', headers: { 'content-type': 'text/plain' } });
    await expect(client({ allowLoopback: false }).post(url(), message)).rejects.toThrow('over https');
  });

  test.each([
    [undefined, undefined],
    ['public', undefined],
    ['max-age=60', 60],
    ['MAX-AGE="60"', 60],
    ['no-store, max-age=60', 0],
    ['no-cache', 0],
    ['s-maxage=60', undefined],
    ['max-age=x', undefined],
  ])('with `cache-control: %s` is fresh for %s seconds', async (cacheControl, seconds) => {
    answer = (_, response) =>
      response.writeHead(200, cacheControl === undefined ? {} : { 'cache-control': cacheControl }).end();
    await expect(client().get(url())).resolves.toMatchObject({ maxAgeSeconds: seconds });
  });
});

describe('an answer', () => {
  test.each([301, 302, 303, 307, 308])('that redirects (%i) is not followed', async (status) => {
    answer = (_, response) => response.writeHead(status, { location: url('/sink') }).end('x'.repeat(100_000));
    await expect(client().get(url())).rejects.toThrow(`redirect (${status})`);
    expect(asked).toHaveLength(1);
  });

  test('that outgrows its limit is cut off, whether or not it says its length', async () => {
    const small = client({ bodyBytesMax: 1_000 });
    answer = (_, response) => response.end('x'.repeat(1_001));
    await expect(small.get(url())).rejects.toThrow('more than 1000 bytes');
    answer = (_, response) => {
      const pour = (): void => {
        if (!response.destroyed) response.write('x'.repeat(600), () => setImmediate(pour));
      };
      pour();
    };
    await expect(small.get(url())).rejects.toThrow('more than 1000 bytes');
    answer = (_, response) => response.end('x'.repeat(1_000));
    await expect(small.get(url())).resolves.toMatchObject({ status: 200 });
  });

  test('that is compressed is refused: a small one may unfold into a large one', async () => {
    answer = (_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(1_000_000)));
    await expect(client().get(url())).rejects.toThrow('compressed');
  });

  test.each([
    ['never begins', () => {}],
    ['never ends', (_: unknown, response: ServerResponse) => void response.writeHead(200).write('x')],
  ])('that %s is given up in time', async (_, silent) => {
    answer = silent;
    await expect(client({ timeoutMs: 100 }).get(url())).rejects.toThrow();
  });
});

test('an answer that drips is given up in time, though every drop is in time', async () => {
  const closed = new Promise((resolve) => {
    answer = (_, response) => {
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => resolve(clearInterval(drip)));
    };
  });
  await expect(client({ timeoutMs: 200 }).get(url())).rejects.toThrow(/timeout/);
  await closed;
});

describe('a destination', () => {
  const forbidden = /leads to the \w+ address .*side requests may not reach/;

  test.each([
    'http://127.0.0.1',
    'http://localhost',
    'http://0x7f.1',
    'http://2130706433',
    'http://017700000001',
    'http://[::1]',
    'https://127.0.0.1',
    'https://0x7f.1',
    'https://2130706433',
    'https://127.0.0.1.',
    'https://１２７.0.0.1',
    'https://%31%32%37.0.0.1',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
    'https://[::ffff:7f00:1]',
    'https://[::]',
    'https://0',
    'https://169.254.169.254',
    'https://[64:ff9b::a9fe:a9fe]',
    'https://[fe80::1]',
    'https://10.0.0.1',
    'https://192.168.0.1',
  ])('%s is refused without a connection', async (base) => {
    await expect(client({ allowLoopback: false }).get(`${base.replace(/\.$/, '.')}:${port}/`)).rejects.toThrow(
      /must be asked over https|leads to the/,
    );
    expect(asked).toHaveLength(0);
  });

  test.each(['http://idp.test/', 'http://10.0.0.1/', 'ftp://idp.test/', 'file:///etc/passwd', 'data:,x'])(
    '%s is refused: not https',
    async (base) => {
      const open = client({ allowPrivate: ['10.0.0.1', 'idp.test'] });
      await expect(open.get(base)).rejects.toThrow('over https');
    },
  );

  test.each([['127.0.0.1'], ['10.1.2.3'], ['169.254.169.254'], ['::1'], ['8.8.8.8', '127.0.0.1']])(
    'whose name resolves to %s is refused, however good its other addresses',
    async (...addresses) => {
      const strict = client({ resolve: resolvesTo(...addresses) });
      await expect(strict.get(`https://idp.test:${port}/`)).rejects.toThrow(forbidden);
      expect(asked).toHaveLength(0);
    },
  );

  test('is resolved once, and the connection goes to the address that was judged', async () => {
    let times = 0;
    const rebinding: Resolve = (_, done) => {
      times += 1;
      done(null, [{ address: times === 1 ? '127.0.0.1' : '127.0.0.9', family: 4 }]);
    };
    await expect(client({ resolve: rebinding }).get(`http://localhost:${port}/`)).resolves.toMatchObject({
      status: 200,
    });
    expect(times).toBe(1);
    expect(asked[0]?.socket.localAddress).toBe('127.0.0.1');
  });

  test('named like a private host is no loopback host', async () => {
    const open = client({ allowPrivate: ['idp.internal'], resolve: resolvesTo('127.0.0.1') });
    await expect(open.get(`https://idp.internal:${port}/`)).rejects.toThrow(forbidden);
  });

  test('that cannot be resolved is an error like any other', async () => {
    await expect(client({ resolve: resolvesTo() }).get('https://idp.test/')).rejects.toThrow(
      '`idp.test` has no address',
    );
    const failing: Resolve = (_, done) => done(new Error('no such name'), []);
    await expect(client({ resolve: failing }).get('https://idp.test/')).rejects.toThrow('no such name');
  });

  test('is found by the system’s own resolver where none is given', async () => {
    await expect(client().get(`http://localhost:${port}/`)).resolves.toMatchObject({ status: 200 });
  });

  test('is never asked in plain text because TLS failed', async () => {
    const open = client();
    await expect(open.get(`https://127.0.0.1:${port}/`)).rejects.toThrow();
    expect(asked).toHaveLength(0);
  });
});
