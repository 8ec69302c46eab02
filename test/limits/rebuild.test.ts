import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { PermittedCall } from '../../src/core/call.ts';
import { Bookings, type Booked, type Spending } from '../../src/limits/bookings.ts';
import { bookedFor, claimsOf } from '../../src/limits/quota-claims.ts';
import { rebuildTenant } from '../../src/limits/rebuild.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import { redisStore } from '../../src/limits/redis-store.ts';
import type { LedgerStore } from '../../src/limits/store.ts';
import { BUDGET, charge, permitted, quota, AT_ONCE } from './calls.ts';
import { connected } from './connect.ts';
import { asks, claim, freshTenant, MINUTE, NOON, testClock, type TestClock } from './ledger.ts';

const QUOTAS = [
  BUDGET,
  quota({ id: 'research/pace', per: ['agent'], amount: 1_000 }),
  quota({ id: 'research/tokens', unit: 'tokens', amount: 100_000, per: ['agent', 'model'] }),
  quota({ id: 'research/slow', unit: 'money', kind: 'budget', amount: 9_000, window: { kind: 'rolling', ms: 7_000 } }),
  { ...AT_ONCE, amount: 1_000 },
];
const QUOTE = charge(500, 90);

interface Made {
  readonly call: PermittedCall;
  readonly admittedAtMs: number;
}

/** A tenant whose calls are admitted and settled, and what an audit would say of them. */
class Tenant {
  readonly name = freshTenant();
  readonly ended: Spending[] = [];
  readonly running: Made[] = [];

  readonly store: LedgerStore;
  readonly clock: TestClock;

  constructor(store: LedgerStore, clock: TestClock) {
    this.store = store;
    this.clock = clock;
  }

  async admit(agent: string): Promise<void> {
    const call = permitted({ quotas: QUOTAS, tenant: this.name, agent });
    const claims = claimsOf(call, { quote: QUOTE, nowMs: this.clock.now() }).map((one) => one.claim);
    const request = { ...asks(this.name, claims, { leaseMs: 50 * MINUTE }), call: call.id };
    expect(await this.store.admit(request)).toMatchObject({ kind: 'admitted' });
    this.running.push({ call, admittedAtMs: this.clock.now() });
  }

  async settle(spent: ReturnType<typeof charge>): Promise<void> {
    const made = this.running.shift();
    if (!made) return;
    const { call, admittedAtMs } = made;
    const actual = claimsOf(call, { quote: QUOTE, nowMs: this.clock.now() }).map((one) => bookedFor(one.claim, spent));
    expect(await this.store.settle({ tenant: this.name, call: call.id, actual })).toBe(true);
    this.ended.push({
      access: call.access,
      resources: [call.access.resource],
      quotas: QUOTAS,
      charge: spent,
      admittedAtMs,
      endedAtMs: this.clock.now(),
    });
  }

  /** Where every limit stands for two agents. */
  async states(store = this.store): Promise<unknown> {
    const agents = ['ci', 'bot'].map(async (agent) => {
      const call = permitted({ quotas: QUOTAS, tenant: this.name, agent });
      const claims = claimsOf(call, { quote: charge(0), nowMs: this.clock.now() });
      return store.admit(
        asks(
          this.name,
          claims.map((one) => ({ ...one.claim, ask: 0, mode: 'spend' })),
        ),
      );
    });
    return Promise.all(agents);
  }

  rebuild(client: Pick<RedisClient, 'run'>): Promise<readonly Booked[]> {
    const nowMs = this.clock.now();
    return rebuildTenant(this.name, {
      client,
      nowMs,
      spent: async (name, running) => {
        const bookings = new Bookings(nowMs);
        for (const one of this.ended) bookings.add(one);
        for (const { call, admittedAtMs } of this.running) {
          const endedAtMs = running.has(call.id) ? undefined : admittedAtMs;
          bookings.add({
            access: call.access,
            resources: [call.access.resource],
            quotas: QUOTAS,
            charge: QUOTE,
            admittedAtMs,
            endedAtMs,
          });
        }
        return bookings.of(name);
      },
    });
  }
}

type Step =
  | { readonly kind: 'admit'; readonly agent: string }
  | { readonly kind: 'settle'; readonly tokens: number; readonly money: number }
  | { readonly kind: 'wait'; readonly ms: number };

const histories: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('admit' as const), agent: fc.constantFrom('ci', 'bot') }),
    fc.record({ kind: fc.constant('settle' as const), tokens: fc.nat({ max: 400 }), money: fc.nat({ max: 90 }) }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 900, 6_500, 30_000, 61_000) }),
  ),
  { maxLength: 25 },
);

async function live(tenant: Tenant, history: readonly Step[]): Promise<void> {
  for (const step of history) {
    if (step.kind === 'admit') await tenant.admit(step.agent);
    else if (step.kind === 'settle') await tenant.settle(charge(step.tokens, step.money));
    else tenant.clock.advance(step.ms);
  }
}

describe('a rebuilt ledger', () => {
  let client: RedisClient;
  beforeAll(async () => void (client = await connected({ url: inject('redisUrl') })));
  afterAll(() => client.close());

  const forget = async (tenant: string): Promise<void> => {
    const keys = await client.connection.keys(`wg:{${tenant}}:*`);
    if (keys.length > 0) await client.connection.del(...keys);
  };
  const make = (): Tenant => {
    const clock = testClock(NOON);
    return new Tenant(redisStore({ client, clock }), clock);
  };

  test('stands where it stood before everything was lost', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const tenant = make();
        await live(tenant, history);
        while (tenant.running.length > 0) await tenant.settle(charge(3, 7));
        const before = await tenant.states();
        await forget(tenant.name);
        expect(await tenant.states()).toEqual([{ kind: 'lost' }, { kind: 'lost' }]);
        await tenant.rebuild(client);
        expect(await tenant.states(redisStore({ client, clock: tenant.clock }))).toEqual(before);
        tenant.clock.advance(1_000);
        await tenant.admit('ci');
      }),
      { numRuns: 60 },
    );
  });

  test('leaves what running calls hold, which are settled once', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const tenant = make();
        await live(tenant, history);
        const before = await tenant.states();
        await tenant.rebuild(client);
        expect(await tenant.states()).toEqual(before);
        while (tenant.running.length > 0) await tenant.settle(charge(3, 7));
        const settled = await tenant.states();
        await forget(tenant.name);
        await tenant.rebuild(client);
        expect(await tenant.states(redisStore({ client, clock: tenant.clock }))).toEqual(settled);
      }),
      { numRuns: 60 },
    );
  });

  test('charges calls of which no end is known, and which hold nothing any more, in full', async () => {
    const tenant = make();
    await tenant.admit('ci');
    await forget(tenant.name);
    const counters = await tenant.rebuild(client);
    const settled = counters.map((one) => [one.claim.key.replace(/:.*/, ''), one.counter.settled]);
    expect(Object.fromEntries(settled)).toEqual({
      'research/month': 90,
      'research/pace': 1,
      'research/tokens': 500,
      'research/slow': 90,
    });
  });

  test('reads the audit again where a call ends while counters are written', async () => {
    const tenant = make();
    await tenant.admit('ci');
    await tenant.admit('bot');
    let asked = 0;
    const counters = await rebuildTenant(tenant.name, {
      client,
      nowMs: tenant.clock.now(),
      spent: async (name, running) => {
        asked += 1;
        if (asked === 1) await tenant.settle(charge(40, 8));
        const bookings = new Bookings(tenant.clock.now());
        if (asked > 1) for (const one of tenant.ended) bookings.add(one);
        else bookings.add({ ...(tenant.ended[0] as Spending), charge: charge(1, 1) });
        expect(running.size).toBe(3 - asked);
        return bookings.of(name);
      },
    });
    expect(asked).toBe(2);
    expect(counters.find(({ claim: { key } }) => key.startsWith('research/month'))?.counter.settled).toBe(8);
  });

  test('is closed to every gateway while it is rebuilt, and open within a second after', async () => {
    const tenant = make();
    await tenant.admit('ci');
    const fresh = redisStore({ client, clock: tenant.clock });
    const admit = (store: LedgerStore): Promise<unknown> => store.admit(asks(tenant.name, [claim()]));
    await rebuildTenant(tenant.name, {
      client,
      nowMs: tenant.clock.now(),
      spent: async () => {
        expect([await admit(tenant.store), await admit(fresh)]).toEqual([{ kind: 'lost' }, { kind: 'lost' }]);
        return [];
      },
    });
    expect(await admit(tenant.store)).toEqual({ kind: 'lost' });
    tenant.clock.advance(1_000);
    expect([await admit(tenant.store), await admit(fresh)]).toMatchObject([{ kind: 'admitted' }, { kind: 'admitted' }]);
    await forget(tenant.name);
    expect(await admit(tenant.store)).toEqual({ kind: 'lost' });
  });

  test('has more counters than one script writes', async () => {
    const tenant = make();
    for (let index = 0; index < 130; index += 1) {
      await tenant.admit(`agent-${index}`);
      await tenant.settle(charge(1, 1));
    }
    await forget(tenant.name);
    expect(await tenant.rebuild(client)).toHaveLength(262);
    expect(await client.connection.keys(`wg:{${tenant.name}}:counter:*`)).toHaveLength(262);
  });
});
