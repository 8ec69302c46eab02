import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collectBody, discardBody } from '../../src/core/body.ts';
import type { PermittedCall } from '../../src/core/call.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Answer } from '../../src/core/exchange.ts';
import { forwarder } from '../../src/upstreams/forward.ts';
import { listForwarder, type Visibility } from '../../src/upstreams/list.ts';
import { json, scriptedUpstream, type ScriptedUpstream } from '../support/upstream.ts';
import { chatCall } from '../telemetry/calls.ts';
import { type Caller, callerOf, read, WAYS } from './calling.ts';

const servers: ScriptedUpstream[] = [];
const callers: Caller[] = [];
let list: (call: PermittedCall) => Promise<Answer>;

beforeEach(async () => {
  const opened = await Promise.all([scriptedUpstream(), scriptedUpstream(), scriptedUpstream()]);
  servers.push(...opened);
  callers.push(...opened.map(({ url }) => callerOf(url, { connections: 1 })));
  const upstreams = new Map(callers.map(({ upstream }, index) => [`up${index}`, { ...upstream, name: `up${index}` }]));
  const forward = forwarder({ ...WAYS, upstreams });
  const narrowing = listForwarder(forward, visibility);
  list = (call) => narrowing(call, (callers[0] as Caller).way);
});
afterEach(async () => {
  await Promise.all(callers.splice(0).map((caller) => caller.close()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Lists are arrays of names; those that contain `hidden` may not be seen. */
const visibility: Visibility = {
  narrow: (_, upstream, { body, contentType }) => {
    const text = body.toString();
    if (contentType.startsWith('text/event-stream')) return Buffer.from(text.replace(/^data: .*hidden.*\n\n/gm, ''));
    const names = JSON.parse(text) as string[];
    return Buffer.from(
      JSON.stringify(names.filter((name) => !name.includes('hidden')).map((name) => `${upstream}/${name}`)),
    );
  },
  merge: (_, bodies) => Buffer.from(JSON.stringify(bodies.flatMap((body) => JSON.parse(body.toString()) as string[]))),
};

const modelsOf = (...upstreams: readonly string[]): PermittedCall =>
  chatCall({ method: 'GET', target: '/models', body: Buffer.alloc(0), upstreams });
const textOf = async ({ body }: Answer): Promise<string> =>
  (await collectBody(body, 10_000_000, () => new GatewayError('upstream.too_large', 'x'))).toString();
const answerWith = (index: number, answer: ScriptedUpstream['answer']): void => {
  (servers[index] as ScriptedUpstream).answer = answer;
};

describe('the list of one upstream', () => {
  test('is cut down, and has a length and a privacy of its own', async () => {
    answerWith(0, (_, response) => {
      const body = '["a","hidden","b"]';
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': body.length,
        etag: '"1"',
        'cache-control': 'public',
      });
      response.end(body);
    });
    const answer = await list(modelsOf('up0'));
    expect(await textOf(answer)).toBe('["up0/a","up0/b"]');
    expect(answer.headers).toMatchObject({ 'content-length': '17', 'cache-control': 'no-store' });
    expect(answer.headers).not.toHaveProperty('etag');
  });

  test('that came in chunks is cut down as well', async () => {
    answerWith(0, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/vnd.x+json; charset=utf-8' });
      response.write('["a",');
      response.end('"hidden"]');
    });
    expect(await textOf(await list(modelsOf('up0')))).toBe('["up0/a"]');
  });

  test('that is an error is passed on', async () => {
    answerWith(0, (_, response) => json(response, { error: 'nope' }, 401));
    const answer = await list(modelsOf('up0'));
    expect(answer.status).toBe(401);
    expect(await textOf(answer)).toBe('{"error":"nope"}');
  });

  test.each([
    ['text', { 'content-type': 'text/plain' }],
    ['a page', { 'content-type': 'text/html' }],
    ['of no type', {}],
    ['compressed', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
  ])(
    'that is %s cannot be cut down: nothing of it is passed on, and its connection is given back',
    async (_, headers) => {
      for (const body of ['["hidden"]', '"hidden"'.repeat(100_000)]) {
        answerWith(0, (__, response) => void response.writeHead(200, headers).write(body));
        await expect(list(modelsOf('up0'))).rejects.toMatchObject({ code: 'upstream.broken' });
        answerWith(0, (__, response) => json(response, ['a']));
        expect(await textOf(await list(modelsOf('up0')))).toBe('["up0/a"]');
      }
    },
  );

  test('that is larger than can be looked through is refused', async () => {
    const chunk = Buffer.alloc(1_048_576, ' ');
    answerWith(0, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const push = (): void => void (!response.destroyed && response.write(chunk, push));
      push();
    });
    await expect(list(modelsOf('up0'))).rejects.toMatchObject({ code: 'upstream.too_large' });
  });

  test('that is nothing, like an accepted notification, is passed on', async () => {
    for (const status of [202, 204]) {
      answerWith(0, (_, response) => response.writeHead(status).end());
      const answer = await list(modelsOf('up0'));
      expect(answer.status).toBe(status);
      expect(await textOf(answer)).toBe('');
    }
  });

  test('in events is cut down event by event, each as it comes', async () => {
    const pushed = Promise.withResolvers<(text: string) => void>();
    answerWith(0, (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      pushed.resolve((text) => void response.write(text));
    });
    const body = read(await list(modelsOf('up0')));
    const push = await pushed.promise;
    push('data: one\n\ndata: hid');
    await expect.poll(() => body.text()).toBe('data: one\n\n');
    push('den\n\ndata: two\n\n');
    await expect.poll(() => body.text()).toBe('data: one\n\ndata: two\n\n');
    expect(body.end).toBe('open');
    body.control.cancel();
  });
});

describe('the lists of several upstreams', () => {
  test('are asked for at once and come as one, in the order of the route', async () => {
    const all = Promise.withResolvers<void>();
    let asked = 0;
    servers.forEach((_, index) =>
      answerWith(index, (__, response) => {
        if (++asked === servers.length) all.resolve();
        void all.promise.then(() => json(response, [`m${index}`, 'hidden']));
      }),
    );
    const answer = await list(modelsOf('up0', 'up1', 'up2'));
    expect(await textOf(answer)).toBe('["up0/m0","up1/m1","up2/m2"]');
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'content-length': '28' },
    });
  });

  test.each([
    ['fails', (index: number) => answerWith(index, (_, response) => json(response, { error: 'x' }, 500))],
    ['breaks off', (index: number) => answerWith(index, (_, response) => response.destroy())],
    [
      'sends no list',
      (index: number) =>
        answerWith(index, (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')),
    ],
    [
      'sends events',
      (index: number) =>
        answerWith(index, (_, response) =>
          response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: x\n\n'),
        ),
    ],
    [
      'fails at length',
      (index: number) => answerWith(index, (_, response) => void response.writeHead(500).write('x'.repeat(1_000_000))),
    ],
  ])('are without that of one that %s', async (_, fail) => {
    for (const broken of [0, 1]) {
      answerWith(0, (__, response) => json(response, ['a']));
      answerWith(1, (__, response) => json(response, ['b']));
      fail(broken);
      expect(await textOf(await list(modelsOf('up0', 'up1')))).toBe(broken === 0 ? '["up1/b"]' : '["up0/a"]');
    }
    // A connection that was not given back would hold up the next call for ever.
    for (const index of [0, 1]) answerWith(index, (__, response) => json(response, ['c']));
    expect(await textOf(await list(modelsOf('up0', 'up1')))).toBe('["up0/c","up1/c"]');
  });

  test('give back the connections of all that fail', async () => {
    for (const index of [0, 1, 2]) {
      answerWith(index, (_, response) => void response.writeHead(500).write('x'.repeat(1_000_000)));
    }
    const { status, body } = await list(modelsOf('up0', 'up1', 'up2'));
    expect(status).toBe(500);
    discardBody(body);
    for (const index of [0, 1, 2]) answerWith(index, (_, response) => json(response, ['c']));
    expect(await textOf(await list(modelsOf('up0', 'up1', 'up2')))).toBe('["up0/c","up1/c","up2/c"]');
  });

  test('are the first failure where all fail', async () => {
    answerWith(0, (_, response) => response.destroy());
    answerWith(1, (_, response) => response.destroy());
    await expect(list(modelsOf('up0', 'up1'))).rejects.toMatchObject({
      code: 'upstream.broken',
      message: expect.stringContaining('`up0`') as string,
    });
    answerWith(1, (_, response) => json(response, { error: 'x' }, 401));
    expect(await list(modelsOf('up0', 'up1'))).toMatchObject({ status: 401 });
  });
});

test('a route without an upstream is a fault of our own', async () => {
  await expect(list(modelsOf())).rejects.toMatchObject({ code: 'gateway.internal' });
});
