import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import type { JournalStore } from '../../src/runs/journal.ts';
import { journalObligation } from '../../src/runs/journal-gate.ts';
import { memoryJournal } from '../../src/runs/journal-memory.ts';
import { redisJournal } from '../../src/runs/journal-redis.ts';
import { connected } from '../limits/connect.ts';
import { freshTenant, testClock } from '../limits/ledger.ts';
import { handSchedule, turns } from '../limits/timers.ts';
import { HandSource, pieces, Reader } from '../metering/flow.ts';
import { LEASE } from './journal-calls.ts';
import { jsonAnswer, OBLIGATION, Rig, toolCall } from './journal-rig.ts';

const SSE = { 'content-type': 'text/event-stream' };
const broken = new GatewayError('upstream.broken', 'gone');

let client: RedisClient;
beforeAll(async () => void (client = await connected({ url: inject('redisUrl') })));
afterAll(() => client.close());

const stores: readonly [string, () => JournalStore][] = [
  ['memory', () => memoryJournal({ clock: { now: () => Date.now() } })],
  ['redis', () => redisJournal({ client })],
];

describe.each(stores)('journaled calls, in %s', (_, make) => {
  let tenant: string;
  beforeEach(() => void (tenant = freshTenant()));

  test('with one key and one body are carried out once and answered alike, each by its own id', async () => {
    const rig = new Rig(make());
    const first = await rig.send(toolCall({ tenant, key: 'k', id: 1 }));
    const second = await rig.send(toolCall({ tenant, key: 'k', id: 2 }));
    rig.stop();
    expect(rig.executions).toBe(1);
    expect(first.text).toBe('{"jsonrpc":"2.0","id":1,"result":{"structuredContent":{"id":1}}}');
    expect(second.text).toBe('{"jsonrpc":"2.0","id":2,"result":{"structuredContent":{"id":1}}}');
    expect(first.headers['waygate-journal']).toBeUndefined();
    expect(second).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'waygate-journal': 'recorded' },
    });
  });

  test('with one key and two bodies are refused the second time', async () => {
    const rig = new Rig(make());
    await rig.send(toolCall({ tenant, key: 'k' }));
    const refused = rig.send(toolCall({ tenant, key: 'k', args: { owner: 'bob' } }));
    await expect(refused).rejects.toMatchObject({ code: 'journal.mismatch', status: 409, rule: 'tickets/create' });
    await expect(refused).rejects.toThrow('belongs to another request');
    rig.stop();
    expect(rig.executions).toBe(1);
  });

  test('fifty at once with one key, through two processes, are carried out once', async () => {
    const store = make();
    const upstream = async () => {
      await turns();
      return jsonAnswer({ jsonrpc: '2.0', id: 0, result: { structuredContent: { id: 5 } } });
    };
    const rigs = [new Rig(store, { upstream }), new Rig(store, { upstream })];
    const told = await Promise.all(
      Array.from({ length: 50 }, (_one, id) => (rigs[id % 2] as Rig).send(toolCall({ tenant, key: 'k', id }))),
    );
    for (const rig of rigs) rig.stop();
    expect(rigs.map(({ executions }) => executions).reduce((sum, one) => sum + one)).toBe(1);
    const results = told.map(({ text }) => (JSON.parse(text) as { result: unknown }).result);
    expect(new Set(results.map((result) => JSON.stringify(result)))).toEqual(
      new Set(['{"structuredContent":{"id":5}}']),
    );
    expect(told.filter(({ headers }) => headers['waygate-journal'] === 'recorded')).toHaveLength(49);
  });

  test('without a key are each carried out, and written for their undoing', async () => {
    const rig = new Rig(make());
    await rig.send(toolCall({ tenant }));
    await rig.send(toolCall({ tenant }));
    await expect.poll(async () => (await rig.entries(tenant)).map(({ state }) => state)).toEqual(['done', 'done']);
    rig.stop();
    expect(rig.executions).toBe(2);
    const [first] = await rig.entries(tenant);
    expect(first).toMatchObject({
      step: 1,
      facts: { resource: 'tool/tickets/create_ticket', undo: { args: { owner: 'ann', why: 'undone' } } },
      outcome: { failed: false, args: { id: 1 } },
    });
  });

  test('of another principal, run or tool have keys of their own', async () => {
    const rig = new Rig(make());
    const key = 'k';
    await rig.send(toolCall({ tenant, key }));
    await rig.send(toolCall({ tenant, key, principal: 'bob' }));
    await rig.send(toolCall({ tenant, key, root: 'run_other' as RunId }));
    await rig.send(toolCall({ tenant, key, tool: 'other' }));
    await rig.send(toolCall({ tenant: freshTenant(), key }));
    rig.stop();
    expect(rig.executions).toBe(5);
  });

  test('whose stream breaks are unknown: their repeat is refused and not sent', async () => {
    const source = new HandSource();
    const rig = new Rig(make(), { upstream: async () => ({ status: 200, headers: SSE, body: source }) });
    const reading = rig.send(toolCall({ tenant, key: 'k' }));
    await expect.poll(() => source.sink).toBeDefined();
    source.push('data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n');
    source.sink?.fail(broken);
    await expect(reading).rejects.toBe(broken);
    const repeated = rig.send(toolCall({ tenant, key: 'k' }));
    await expect(repeated).rejects.toMatchObject({ code: 'journal.unknown', status: 409 });
    await expect(repeated).rejects.toThrow('may have been carried out');
    rig.stop();
    expect(rig.executions).toBe(1);
  });
});

describe('a journaled call', () => {
  const tenant = freshTenant();
  const setUp = (options: ConstructorParameters<typeof Rig>[1] = {}) => {
    const clock = testClock();
    const schedule = handSchedule();
    const rig = new Rig(memoryJournal({ clock }), { clock, schedule, ...options });
    return { clock, schedule, rig };
  };
  const refusal = (sending: Promise<unknown>) =>
    sending.then(
      () => undefined,
      (error: GatewayError) => error,
    );

  test.each(['upstream.unreachable', 'upstream.unavailable'] as const)(
    'that ended in %s leaves its key free',
    async (code) => {
      const upstream = async (_: unknown, nth: number) => {
        if (nth === 1) throw new GatewayError(code, 'gone');
        return jsonAnswer({ id: 1, result: {} });
      };
      const { rig } = setUp({ upstream });
      expect(await refusal(rig.send(toolCall({ tenant, key: 'k' })))).toMatchObject({ code });
      expect(await rig.send(toolCall({ tenant, key: 'k' }))).toMatchObject({ status: 200 });
      expect(rig.executions).toBe(2);
    },
  );

  test.each(['upstream.broken', 'upstream.timeout', 'upstream.redirect', 'gateway.internal'] as const)(
    'that ended in %s may have been carried out',
    async (code) => {
      const { rig } = setUp({ upstream: () => Promise.reject(new GatewayError(code, 'gone')) });
      await refusal(rig.send(toolCall({ tenant, key: 'k' })));
      expect(await refusal(rig.send(toolCall({ tenant, key: 'k' })))).toMatchObject({ code: 'journal.unknown' });
      expect(rig.executions).toBe(1);
    },
  );

  test('that an upstream did not take on, or asks more for, leaves its key free', async () => {
    const answers = [
      jsonAnswer({}, 429),
      jsonAnswer({ id: 1, result: { resultType: 'input_required' } }),
      jsonAnswer({ id: 1, result: {} }),
    ];
    const { rig } = setUp({ upstream: async (_, nth) => answers[nth - 1] ?? jsonAnswer({}) });
    for (const owner of ['a', 'b', 'c', 'c']) await rig.send(toolCall({ tenant, key: 'k', args: { owner } }));
    expect(rig.executions).toBe(3);
  });

  test('whose client leaves goes on, and its repeat gets the result', async () => {
    const source = new HandSource();
    const { rig } = setUp({ upstream: async () => ({ status: 200, headers: SSE, body: source }) });
    const { body } = await rig.start(toolCall({ tenant, key: 'k' }));
    const control = Buffer.isBuffer(body) ? undefined : body.start(new Reader());
    control?.cancel();
    expect(source.calls).toEqual(['resume']);
    source.push('data: {"jsonrpc":"2.0","id":1,"result":{"structuredContent":{"id":3}}}\n\n');
    source.sink?.end();
    await turns();
    expect((await rig.send(toolCall({ tenant, key: 'k', id: 2 }))).text).toBe(
      'event: message\ndata: {"jsonrpc":"2.0","id":2,"result":{"structuredContent":{"id":3}}}\n\n',
    );
  });

  test('whose stream is cut is unknown, and its upstream is let go', async () => {
    const source = new HandSource();
    const { rig } = setUp({ upstream: async () => ({ status: 200, headers: SSE, body: source }) });
    const { body } = await rig.start(toolCall({ tenant, key: 'k' }));
    const control = Buffer.isBuffer(body) ? undefined : body.start(new Reader());
    control?.cancel(new GatewayError('run.killed', 'killed'));
    expect(source.calls).toEqual(['cancel']);
    expect(await refusal(rig.send(toolCall({ tenant, key: 'k' })))).toMatchObject({ code: 'journal.unknown' });
  });

  test('whose answer is too large is passed on whole and never carried out again', async () => {
    const large = Buffer.alloc(200_000, 'x');
    const { rig } = setUp({ upstream: async () => ({ status: 200, headers: SSE, body: pieces(large, large) }) });
    expect((await rig.send(toolCall({ tenant, key: 'k' }))).text).toHaveLength(400_000);
    const refused = await refusal(rig.send(toolCall({ tenant, key: 'k' })));
    expect(refused).toMatchObject({ code: 'journal.unknown' });
    expect(refused?.message).toContain('too large to be kept');
    const [entry] = await rig.entries(tenant);
    expect(entry?.outcome?.fault).toContain('too large');
  });

  test('keeps neither cookies nor sessions of its answer', async () => {
    const { rig } = setUp();
    await rig.send(toolCall({ tenant, key: 'cookies' }));
    const { headers } = await rig.send(toolCall({ tenant, key: 'cookies' }));
    expect(headers).toEqual({ 'content-type': 'application/json', 'waygate-journal': 'recorded' });
  });

  test('waits for the one under way, and is told after a while that it is', async () => {
    const { clock, schedule, rig } = setUp({ waitMs: 5_000, upstream: () => new Promise(() => {}) });
    void rig.start(toolCall({ tenant, key: 'slow' }));
    await turns();
    const waiting = refusal(rig.send(toolCall({ tenant, key: 'slow' })));
    await schedule.pass(4_900, clock);
    expect(schedule.pending).toBe(1);
    await schedule.pass(1_100, clock);
    expect(await waiting).toMatchObject({ code: 'journal.unknown', retryAfterMs: 5_000 });
    expect(rig.executions).toBe(1);
  });

  test('is kept from lapsing while it runs, and is unknown once its process is gone', async () => {
    const { clock, schedule, rig } = setUp({ waitMs: 0, upstream: () => new Promise(() => {}) });
    void rig.start(toolCall({ tenant, key: 'long' }));
    await turns();
    for (let round = 0; round < 6; round += 1) {
      clock.advance(LEASE / 3);
      await schedule.run(LEASE / 3);
    }
    expect((await rig.entries(tenant)).at(-1)?.state).toBe('running');
    rig.stop();
    clock.advance(LEASE);
    const refused = await refusal(rig.send(toolCall({ tenant, key: 'long' })));
    expect(refused?.message).toContain('its result never recorded');
    expect(rig.executions).toBe(1);
  });
});

test('a call that has ended is not renewed any more', async () => {
  const clock = testClock();
  const schedule = handSchedule();
  const renewed: string[] = [];
  const real = memoryJournal({ clock });
  const store: JournalStore = {
    ...real,
    renew(...asked) {
      renewed.push(asked[0].entry);
      return real.renew(...asked);
    },
  };
  const rig = new Rig(store, { clock, schedule });
  await rig.send(toolCall({ tenant: 'acme', key: 'k' }));
  await schedule.run(LEASE / 3);
  expect(renewed).toEqual([]);
});

describe('where the store does not answer', () => {
  const gone = new GatewayError('limit.unavailable', 'gone');

  test('before a call is sent, it is refused, and its key is free again', async () => {
    const tenant = freshTenant();
    const real = memoryJournal({ clock: testClock() });
    let fails = true;
    const store: JournalStore = {
      ...real,
      async begin(request) {
        const begun = await real.begin(request);
        if (fails) throw gone;
        return begun;
      },
    };
    const rig = new Rig(store, { clock: testClock(), schedule: handSchedule() });
    await expect(rig.send(toolCall({ tenant, key: 'k' }))).rejects.toBe(gone);
    await turns();
    fails = false;
    await rig.send(toolCall({ tenant, key: 'k' }));
    expect(rig.executions).toBe(1);
  });

  test('at its end, the record is made as soon as it answers again', async () => {
    const tenant = freshTenant();
    const clock = testClock();
    const schedule = handSchedule();
    const real = memoryJournal({ clock });
    let failures = 3;
    const store: JournalStore = {
      ...real,
      finish: (...end) => (failures-- > 0 ? Promise.reject(gone) : real.finish(...end)),
    };
    const rig = new Rig(store, { clock, schedule });
    await rig.send(toolCall({ tenant, key: 'k' }));
    await schedule.pass(7_000, clock);
    expect((await rig.entries(tenant))[0]?.state).toBe('done');
    expect(rig.unrecorded).toEqual([]);
  });

  test('and does not come back, the operator is told that a call was not recorded', async () => {
    const clock = testClock();
    const schedule = handSchedule();
    const store: JournalStore = { ...memoryJournal({ clock }), finish: () => Promise.reject(gone) };
    const rig = new Rig(store, { clock, schedule });
    await rig.send(toolCall({ tenant: freshTenant(), key: 'k' }));
    await schedule.pass(60_000, clock);
    expect(rig.unrecorded).toHaveLength(1);
  });
});

test('a permit without the obligation journals nothing', () => {
  expect(journalObligation([{ kind: 'narrow' }, OBLIGATION])).toBe(OBLIGATION);
  expect(journalObligation([{ kind: 'narrow' }])).toBeUndefined();
});
