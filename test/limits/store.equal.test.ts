// Memory and Redis, driven by the same history and clock, must give the same answers.
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { memoryStore } from '../../src/limits/memory.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import { redisStore } from '../../src/limits/redis-store.ts';
import type { AdmitRequest, Claim, LedgerStore, StoreWindow } from '../../src/limits/store.ts';
import { connected } from './connect.ts';
import { asks, claim, DAY, dayOf, freshTenant, HOUR, MINUTE, NONE, NOON, testClock } from './ledger.ts';

/** Redis forgets in real time, which here stands still: a history ends before memory forgets a whole tenant. */
const END = NOON + 47 * HOUR;

type WindowKind = 'none' | 'tiny' | 'minute' | 'hour' | 'today' | 'yesterday';

function windowOf(kind: WindowKind, now: number): StoreWindow {
  if (kind === 'none') return NONE;
  if (kind === 'today') return dayOf(now);
  if (kind === 'yesterday') return dayOf(now - DAY);
  return { kind: 'rolling', ms: { tiny: 7, minute: MINUTE, hour: HOUR }[kind] };
}

const claims = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b'),
    ask: fc.integer({ min: 0, max: 70 }),
    window: fc.constantFrom<WindowKind>('none', 'tiny', 'minute', 'minute', 'hour', 'today', 'today', 'yesterday'),
    mode: fc.constantFrom('hold' as const, 'hold' as const, 'spend' as const),
    enforced: fc.boolean(),
  }),
  { maxLength: 4 },
);

const which = fc.nat({ max: 30 });
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('admit' as const),
        claims,
        leaseMs: fc.constantFrom(500, MINUTE, HOUR),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('settle' as const),
        which,
        actual: fc.array(fc.nat({ max: 90 }), { maxLength: 4 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), which }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('early release' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat' as const), which }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('renew' as const), leaseMs: fc.constantFrom(500, 5_000, HOUR) }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.constantFrom(1, 3, 499, 1_000, 17_123, MINUTE - 1, MINUTE, 11 * MINUTE, HOUR, 9 * HOUR, DAY + 1),
      }),
    },
  ),
  { minLength: 5, maxLength: 40 },
);
type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

let client: RedisClient;
beforeAll(async () => {
  client = await connected({ url: inject('redisUrl') });
});
afterAll(() => client.close());

/** The same request from a caller whose clock is right: calendar periods are those of now. */
function withWindowsOf(now: number, request: AdmitRequest): AdmitRequest {
  const current = (one: Claim): Claim => (one.window.kind === 'calendar' ? { ...one, window: dayOf(now) } : one);
  return { ...request, chain: request.chain.map((link) => ({ ...link, claims: link.claims.map(current) })) };
}

/** Runs a history and tells everything that the store said. */
async function tell(
  history: readonly Step[],
  tenant: string,
  make: (clock: { now(): number }) => LedgerStore,
): Promise<unknown[]> {
  const clock = testClock();
  const store = make(clock);
  const requests: AdmitRequest[] = [];
  const said: unknown[] = [];
  const pick = (index: number): AdmitRequest =>
    requests[index % requests.length] ?? asks(tenant, [], { call: 'none' as never });
  const hear = async (answer: Promise<unknown>): Promise<void> => {
    said.push(await answer.catch((error: Error) => `${error.message}: ${String(error.cause)}`));
  };
  const admit = (request: AdmitRequest): Promise<void> => hear(store.admit(request));
  for (const [index, step] of history.entries()) {
    const call = `call-${index}` as never;
    if (step.kind === 'admit') {
      const own = step.claims.map((one): Claim => claim({ ...one, window: windowOf(one.window, clock.now()) }));
      const chain = [own.slice(0, 2), own.slice(2)].map((some, link) => ({ scope: `link ${link}`, claims: some }));
      requests.push({ tenant, call, chain, leaseMs: step.leaseMs });
      await admit(requests.at(-1) as AdmitRequest);
    } else if (step.kind === 'settle')
      await hear(store.settle({ tenant, call: pick(step.which).call, actual: step.actual }));
    else if (step.kind === 'release') await hear(store.release(tenant, pick(step.which).call));
    else if (step.kind === 'repeat') await admit(withWindowsOf(clock.now(), pick(step.which)));
    else if (step.kind === 'early release') {
      await hear(store.release(tenant, call));
      requests.push(asks(tenant, [claim({ key: 'a' })], { call }));
    } else if (step.kind === 'renew')
      await store.renew(
        tenant,
        requests.map((request) => request.call),
        step.leaseMs,
      );
    else clock.set(Math.min(clock.now() + step.ms, END));
  }
  const kinds: readonly WindowKind[] = ['none', 'tiny', 'minute', 'hour', 'today'];
  const probes = kinds.flatMap((kind) =>
    ['a', 'b'].map((key) =>
      claim({ key, ask: 0, enforced: false, mode: 'spend', window: windowOf(kind, clock.now()) }),
    ),
  );
  for (let i = 0; i < 6; i += 1) await admit(asks(tenant, probes, { call: `probe-${i}` as never }));
  return said;
}

test('memory and redis answer every history alike', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const tenant = freshTenant();
      const byMemory = await tell(history, tenant, (clock) => memoryStore({ clock }));
      const byRedis = await tell(history, tenant, (clock) => redisStore({ client, clock }));
      expect(byRedis).toEqual(byMemory);
    }),
    { numRuns: inject('redisIsReal') ? 600 : 20 },
  );
});

const together = fc.array(
  fc.record({ claims, actual: fc.array(fc.nat({ max: 90 }), { maxLength: 4 }), settles: fc.boolean() }),
  { minLength: 2, maxLength: 120 },
);

test(
  'calls that leave together are admitted, and settled, as if one after the other',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(together, async (calls) => {
        const tenant = freshTenant();
        const clock = testClock();
        const [byMemory, byRedis] = [memoryStore({ clock }), redisStore({ client, clock })];
        const requests = calls.map((one, index): AdmitRequest => {
          const own = one.claims.map((some) => claim({ ...some, window: windowOf(some.window, clock.now()) }));
          return { tenant, call: `call-${index}` as never, chain: [{ scope: 'call', claims: own }], leaseMs: MINUTE };
        });
        const settlements = calls.flatMap(({ settles, actual }, index) =>
          settles ? [{ tenant, call: `call-${index}` as never, actual }] : [],
        );
        const admit = (store: LedgerStore) => Promise.all(requests.map((request) => store.admit(request)));
        const settle = (store: LedgerStore) => Promise.all(settlements.map((one) => store.settle(one)));
        expect(await admit(byRedis)).toEqual(await admit(byMemory));
        expect(await settle(byRedis)).toEqual(await settle(byMemory));
        expect(await admit(byRedis)).toEqual(await admit(byMemory));
      }),
      { numRuns: inject('redisIsReal') ? 200 : 10 },
    );
  },
);
