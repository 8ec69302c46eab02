// Ten thousand calls at once for a tree's thousand units: what is spent is what was allowed, to the unit.
import { afterAll, describe, expect, inject, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Run, RunRecord } from '../../src/core/run.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import { redisStore } from '../../src/limits/redis-store.ts';
import type { Reservation } from '../../src/limits/reservation.ts';
import { type Reserver, reserver } from '../../src/limits/reserve.ts';
import type { LedgerStore } from '../../src/limits/store.ts';
import { redisRuns } from '../../src/runs/redis-runs.ts';
import type { RunStore } from '../../src/runs/store.ts';
import { inMemory } from '../runs/stores.ts';
import { seededRandom } from '../support/random.ts';
import { admission, charge } from './calls.ts';
import { connected } from './connect.ts';
import { asks, claim, freshTenant, statesOf, testClock } from './ledger.ts';
import { type Attempt, crowd, KEPT_UNITS, SCOUT_UNITS, threeLevels, TREE_UNITS } from './tree-attempts.ts';

const ATTEMPTS = 10_000;
const LIFE = { kind: 'life' } as const;

/** A store as several gateways see it: each by a reserver of its own. */
interface Scene {
  readonly gateways: readonly Reserver[];
  readonly ledger: LedgerStore;
  readonly runs: RunStore;
}

async function tryOne(gateway: Reserver, { call, quote }: Attempt): Promise<Reservation | string> {
  try {
    return await gateway.admit(call, admission(quote));
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
}

/** What a counter that lasts as long as its runs holds. */
async function standing({ ledger }: Scene, tenant: string, key: string): Promise<{ settled: number; held: number }> {
  const probe = claim({ key, unit: 'tokens', ask: 0, mode: 'spend', enforced: false, window: LIFE });
  const [state] = statesOf(await ledger.admit(asks(tenant, [probe])));
  return { settled: state?.settled ?? -1, held: state?.held ?? -1 };
}

const sum = (records: readonly RunRecord[], of: (record: RunRecord) => number): number =>
  records.reduce((total, record) => total + of(record), 0);

/** Ends every reservation, waits until that is booked, and closes the gateways. */
async function close({ gateways }: Scene): Promise<void> {
  await Promise.all(gateways.map((gateway) => gateway.close()));
}

const SCENES: readonly (readonly [string, () => Promise<Scene>])[] = [
  [
    'in memory',
    async () => {
      const { ledger, runs } = inMemory(testClock(Date.now()));
      return { ledger, runs, gateways: [reserver({ store: ledger, clock: systemClock })] };
    },
  ],
  [
    'in Redis, by four gateways',
    async () => {
      const all = await Promise.all(Array.from({ length: 4 }, connect));
      const stores = all.map((client) => redisStore({ client }));
      const [client] = all as [RedisClient];
      return {
        ledger: stores[0] as LedgerStore,
        runs: redisRuns({ client, tenants: () => client.tenants() }),
        gateways: stores.map((store) => reserver({ store, clock: systemClock })),
      };
    },
  ],
];

const clients: RedisClient[] = [];
async function connect(): Promise<RedisClient> {
  const client = await connected({ url: inject('redisUrl'), commandTimeoutMs: 60_000 });
  clients.push(client);
  return client;
}
afterAll(() => {
  for (const client of clients) client.close();
});

describe.each(SCENES)('ten thousand calls at once for a thousand units of a tree, %s', (_, make) => {
  test('spend all that is allowed and no unit more, on each level of it', { timeout: 120_000 }, async () => {
    const [scene, tenant, runs] = [await make(), freshTenant(), threeLevels(crypto.randomUUID().slice(0, 8))];
    const attempts = crowd({ tenant, runs, count: ATTEMPTS, unitsMax: 1, random: seededRandom(7) });
    const ends = await Promise.all(
      attempts.map((one, index) => tryOne(scene.gateways[index % scene.gateways.length] as Reserver, one)),
    );
    const root = runs[0]?.id;
    const tree = `swarm/tree:tokens:run=${root}`;
    expect(await standing(scene, tenant, tree)).toEqual({ settled: 0, held: TREE_UNITS });
    const codes = new Set(ends.filter((end) => typeof end === 'string'));
    expect([...codes]).toEqual(['limit.held']);
    const admitted = attempts.flatMap((one, index) => {
      const end = ends[index];
      return typeof end === 'object' ? [{ ...one, reservation: end }] : [];
    });
    for (const { reservation, quote } of admitted) reservation.settle(quote);
    await close(scene);

    expect(admitted).toHaveLength(TREE_UNITS);
    expect(admitted.filter(({ isScout }) => isScout)).toHaveLength(SCOUT_UNITS);
    expect(admitted.filter(({ isFinal }) => isFinal).length).toBeGreaterThanOrEqual(KEPT_UNITS);
    expect(await standing(scene, tenant, tree)).toEqual({ settled: TREE_UNITS, held: 0 });
    for (const run of runs) {
      const below = admitted.filter(({ call }) => call.access.run.path.includes(run.id));
      const key = `swarm/node:tokens:run=${run.id}`;
      expect(await standing(scene, tenant, key), run.id).toEqual({ settled: below.length, held: 0 });
    }
    const { runs: records, facts } = await scene.runs.tree(tenant, runs[0]?.id as never);
    for (const record of records) {
      const own = admitted.filter(({ call }) => call.access.run.id === record.id).length;
      expect(record).toMatchObject({ steps: own, tokens: own, money: own, errors: 0 });
    }
    expect(sum(records, ({ steps }) => steps)).toBe(TREE_UNITS);
    expect(Object.fromEntries(facts.counts)).toEqual({ steps: TREE_UNITS, spent: TREE_UNITS });
  });

  test(
    'that ask for more than they use pass no limit meanwhile, and leave no unit behind',
    { timeout: 120_000 },
    async () => {
      const [scene, tenant, runs] = [await make(), freshTenant(), threeLevels(crypto.randomUUID().slice(0, 8))];
      const random = seededRandom(11);
      const attempts = crowd({ tenant, runs, count: ATTEMPTS, unitsMax: 9, random });
      let spent = 0;
      let steps = 0;
      await Promise.all(
        attempts.map(async (one, index) => {
          const answer = await tryOne(scene.gateways[index % scene.gateways.length] as Reserver, one);
          if (typeof answer === 'string') return;
          const [tree] = answer.standings;
          expect(tree?.remaining).toBeGreaterThanOrEqual(one.isFinal ? 0 : KEPT_UNITS);
          steps += 1;
          if (random.next() < 0.2) return answer.release();
          const used = random.between(0, one.quote.tokens);
          spent += used;
          answer.settle(charge(used, used));
        }),
      );
      await close(scene);
      const [{ id: root }] = runs as [Run];
      expect(await standing(scene, tenant, `swarm/tree:tokens:run=${root}`)).toEqual({ settled: spent, held: 0 });
      expect(spent).toBeLessThanOrEqual(TREE_UNITS);
      const { runs: records, facts } = await scene.runs.tree(tenant, root);
      expect(sum(records, ({ tokens }) => tokens)).toBe(spent);
      expect(sum(records, (record) => record.steps)).toBe(steps);
      expect(facts.counts.get('spent')).toBe(spent);
    },
  );
});
