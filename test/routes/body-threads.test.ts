import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BodyRead } from '../../src/routes/body-session.ts';
import { type BodyThreads, bodyThreads } from '../../src/routes/body-threads.ts';

let threads: BodyThreads;
let refused: number;

const start = (queue: number, count = 1): void => {
  threads = bodyThreads({ threads: count, queue, onFull: () => (refused += 1) });
};

beforeEach(() => {
  refused = 0;
});
afterEach(() => threads.close());

const UNCHANGED = { changes: [{ model: 'm', meter: false }] };
const unchanged = () => UNCHANGED;

function chat(body: Buffer | string): BodyRead {
  const headers = { 'content-type': 'application/json' };
  const head = { method: 'POST', path: '/v1/chat/completions', query: '', headers };
  return { dialect: 'openai-chat', head, path: '/chat/completions', body: Buffer.from(body) };
}

const TEXT = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'ü' }], n: 2 });

describe('a body', () => {
  test('comes back as it was, with what was read of it', async () => {
    start(0);
    const { reading, written } = await threads.read(chat(TEXT), unchanged);
    expect(reading).toMatchObject({ action: 'model.generate', resource: { name: 'm' }, args: { n: 2 } });
    expect(written[0]?.body.toString()).toBe(TEXT);
    expect(written[0]?.splices).toEqual([]);
  });

  test('whose memory is its own is moved, and whose is not is copied', async () => {
    start(0);
    const own = Buffer.allocUnsafeSlow(Buffer.byteLength(TEXT));
    own.write(TEXT);
    const slice = Buffer.from(`[${TEXT}]`).subarray(1, -1);
    for (const body of [own, slice]) {
      const { written } = await threads.read({ ...chat(''), body }, unchanged);
      expect(written[0]?.body.toString()).toBe(TEXT);
    }
    expect([own.length, slice.length]).toEqual([0, Buffer.byteLength(TEXT)]);
  });

  test('comes back with what was changed', async () => {
    start(0);
    const { written } = await threads.read(chat(TEXT), () => ({ changes: [{ model: 'other', meter: false }] }));
    expect(written[0]?.body.toString()).toBe(TEXT.replace('"m"', '"other"'));
    expect(written[0]?.splices).toEqual(['model-alias']);
  });

  test('that may go to several upstreams comes back for each, also where two get the same bytes', async () => {
    start(0);
    const changes = ['m', 'other', 'm'].map((model) => ({ model, meter: false }));
    const { written } = await threads.read(chat(TEXT), () => ({ changes }));
    expect(written.map(({ body }) => body.toString())).toEqual([TEXT, TEXT.replace('"m"', '"other"'), TEXT]);
  });

  test('that nobody wants once it was read leaves its thread to the next', async () => {
    start(0);
    const unwanted = threads.read(chat(TEXT), () => {
      throw new Error('not this one');
    });
    await expect(unwanted).rejects.toThrow('not this one');
    expect((await threads.read(chat(TEXT), unchanged)).written[0]?.body.toString()).toBe(TEXT);
  });

  test.each([
    ['objects', 'metadata', Array.from({ length: 12_501 }, () => ({ a: 1 }))],
    ['empty arrays', 'metadata', Array.from({ length: 25_000 }, () => [])],
    ['numbers', 'metadata', Array.from({ length: 500_001 }, () => 1)],
    ['names of tools', 'tools', Array.from({ length: 500_001 }, () => ({ type: 'a' }))],
  ])('with more %s than can be handed over in time is refused', async (_, member, value) => {
    start(0);
    const body = JSON.stringify({ model: 'm', messages: [], [member]: value });
    await expect(threads.read(chat(body), unchanged)).rejects.toMatchObject({ code: 'request.too_large' });
  });

  test('with a table in its arguments is read', async () => {
    start(0);
    const metadata = Array.from({ length: 10_000 }, () => Array.from({ length: 20 }, (_, index) => index));
    const { reading } = await threads.read(chat(JSON.stringify({ model: 'm', metadata })), unchanged);
    expect(reading.args).toEqual({ model: 'm', metadata, tools: [] });
  });
});

describe('bodies beside each other', () => {
  test('wait for a thread in order, and are refused where too many wait', async () => {
    start(2);
    const order: number[] = [];
    const reads = [0, 1, 2].map((index) =>
      threads.read(chat(TEXT), () => {
        order.push(index);
        return UNCHANGED;
      }),
    );
    expect(threads.isFull).toBe(true);
    await expect(threads.read(chat(TEXT), unchanged)).rejects.toMatchObject({
      code: 'gateway.overloaded',
      retryAfterMs: 1_000,
    });
    await Promise.all(reads);
    expect(order).toEqual([0, 1, 2]);
    expect(threads.isFull).toBe(false);
    expect(refused).toBe(1);
  });

  test('are read by as many threads as there may be', async () => {
    start(0, 2);
    await Promise.all([threads.read(chat(TEXT), unchanged), threads.read(chat(TEXT), unchanged)]);
    expect(refused).toBe(0);
  });

  test('are not stopped by one that is refused', async () => {
    start(8);
    const results = await Promise.allSettled(
      ['{', TEXT, '{"model":"m","model":"n"}', TEXT].map((body) => threads.read(chat(body), unchanged)),
    );
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
  });
});

test('once closed, what is under way is given up', async () => {
  start(0);
  const reading = threads.read(chat(TEXT), unchanged);
  await threads.close();
  await expect(reading).rejects.toMatchObject({ code: 'gateway.internal' });
});
