import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collectBody } from '../../src/core/body.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Answer } from '../../src/core/exchange.ts';
import { scriptedUpstream, type ScriptedUpstream } from '../support/upstream.ts';
import { chatCall } from '../telemetry/calls.ts';
import { type Caller, callerOf } from './calling.ts';

const KEY = 'sk-upstream-CANARY-0123456789';

let server: ScriptedUpstream;
let caller: Caller;
beforeEach(async () => {
  server = await scriptedUpstream();
  caller = callerOf(server.url, {
    credential: { header: 'authorization', scheme: 'Bearer', value: KEY },
    connections: 1,
  });
});
afterEach(async () => {
  await caller.close();
  await server.close();
});

const bytesOf = ({ body }: Answer): Promise<Buffer> =>
  collectBody(body, 10_000_000, () => new GatewayError('upstream.too_large', 'too large'));

describe('the fields of an answer', () => {
  test('go back as they came, unknown and repeated ones too', async () => {
    const headers = {
      'content-type': 'application/json',
      'x-request-id': 'req_1',
      'retry-after': '3',
      'x-should-retry': 'false',
      'mcp-session-id': 's1',
      'x-two': ['a', 'b'],
      'x-latin': 'caf\xe9',
    };
    server.answer = (_, response) => response.writeHead(200, headers).end('{}');
    expect((await caller.send(chatCall())).headers).toMatchObject(headers);
  });

  test('that are hop-by-hop end here, those that Connection names too', async () => {
    server.answer = (_, response) =>
      response
        .writeHead(200, {
          connection: 'close, X-Scoped',
          'x-scoped': '1',
          'keep-alive': 'timeout=5',
          'proxy-authenticate': 'Basic',
          trailer: 'x-sum',
          upgrade: 'h2c',
          'x-kept': '1',
        })
        .end('{}');
    const { headers } = await caller.send(chatCall());
    expect(Object.keys(headers).filter((name) => name !== 'date')).toEqual(['x-kept']);
  });

  test.each([
    'set-cookie',
    'alt-svc',
    'strict-transport-security',
    'clear-site-data',
    'nel',
    'report-to',
    'location',
    'www-authenticate',
    'access-control-allow-origin',
    'access-control-expose-headers',
    'waygate-call',
    'waygate-anything',
  ])('`%s` would be said of Waygate, and is left out', async (name) => {
    server.answer = (_, response) => response.writeHead(401, { [name]: 'x' }).end('{}');
    expect((await caller.send(chatCall())).headers).not.toHaveProperty(name);
  });
});

describe('a redirect', () => {
  test.each([300, 301, 302, 303, 307, 308])(
    '%i is refused, not followed, and tells nothing of where it leads',
    async (status) => {
      const other = await scriptedUpstream();
      server.answer = (_, response) => response.writeHead(status, { location: other.url }).end('moved');
      await expect(caller.send(chatCall())).rejects.toMatchObject({
        code: 'upstream.redirect',
        status: 502,
        message: expect.not.stringContaining(other.url) as string,
      });
      expect(other.received).toEqual([]);
      await other.close();
    },
  );

  test('gives its connection back, however long its body is', async () => {
    server.answer = ({ url }, response) => {
      if (url === '/again') response.end('{}');
      else response.writeHead(302, {}).write('x'.repeat(1_000_000));
    };
    await expect(caller.send(chatCall())).rejects.toMatchObject({ code: 'upstream.redirect' });
    expect((await caller.send(chatCall({ target: '/again' }))).status).toBe(200);
  });

  test('304 is none', async () => {
    server.answer = (_, response) => response.writeHead(304, { etag: '"x"' }).end();
    expect(await caller.send(chatCall())).toMatchObject({ status: 304, headers: { etag: '"x"' } });
  });
});

test.each([600, 999])('status %i, which HTTP does not know, is refused', async (status) => {
  server.answer = (_, response) =>
    void response.socket?.write(`HTTP/1.1 ${status} What\r\ncontent-length: 2\r\n\r\n{}`);
  await expect(caller.send(chatCall())).rejects.toMatchObject({ code: 'upstream.broken', status: 502 });
});

describe('an upstream that echoes its credential', () => {
  const mask = '*'.repeat(KEY.length);

  test('in fields: masked', async () => {
    server.answer = ({ headers }, response) =>
      response.writeHead(200, { 'x-echo': headers.authorization, 'x-echoes': [`1 ${KEY}`, `2 ${KEY}`] }).end('{}');
    const { headers } = await caller.send(chatCall());
    expect(headers['x-echo']).toBe(`Bearer ${mask}`);
    expect(headers['x-echoes']).toEqual([`1 ${mask}`, `2 ${mask}`]);
  });

  test('in a small body: masked, its length as stated', async () => {
    server.answer = ({ rawHeaders }, response) => {
      const text = JSON.stringify(rawHeaders);
      response.writeHead(200, { 'content-length': text.length }).end(text);
    };
    const answer = await caller.send(chatCall());
    const text = (await bytesOf(answer)).toString();
    expect(text).not.toContain(KEY);
    expect(text).toContain(mask);
    expect(answer.headers['content-length']).toBe(String(text.length));
  });

  test('in a stream, cut anywhere: masked', async () => {
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const text = `data: ${KEY}\n\ndata: ${KEY}${KEY}\n\n`;
      const push = (at: number): void => {
        if (at >= text.length) return void response.end();
        response.write(text.slice(at, at + 7), () => setImmediate(push, at + 7));
      };
      push(0);
    };
    expect((await bytesOf(await caller.send(chatCall()))).toString()).toBe(`data: ${mask}\n\ndata: ${mask}${mask}\n\n`);
  });

  test('in an error: masked', async () => {
    server.answer = (_, response) => response.writeHead(401, {}).end(`Incorrect API key provided: ${KEY}`);
    const answer = await caller.send(chatCall());
    expect(answer.status).toBe(401);
    expect((await bytesOf(answer)).toString()).toBe(`Incorrect API key provided: ${mask}`);
  });
});

test('an answer that is compressed all the same passes untouched', async () => {
  const packed = gzipSync('{"usage":{}}');
  server.answer = (_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed);
  const answer = await caller.send(chatCall());
  expect(server.received[0]?.headers['accept-encoding']).toBe('identity');
  expect(answer.headers['content-encoding']).toBe('gzip');
  expect(await bytesOf(answer)).toEqual(packed);
});

test('without a credential nothing is looked for and nothing copied', async () => {
  const open = callerOf(server.url);
  server.answer = (_, response) => response.writeHead(200, { 'content-length': '2' }).end('{}');
  expect((await open.send(chatCall())).body).toEqual(Buffer.from('{}'));
  await open.close();
});
