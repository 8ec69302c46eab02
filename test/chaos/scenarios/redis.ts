// F-R: the ledger's Redis away, frozen, slow, cut off, forgetful and full, under the traffic of two gateways.
import { Redis } from 'ioredis';
import { type Place, type Rig, type RigOptions, startRig } from '../rig.ts';
import {
  Expectations,
  type Outcome,
  pause,
  quantile,
  RECOVERY_MAX_MS,
  type Scenario,
  type Setting,
  timing,
} from '../scenario.ts';
import type { ClientCall } from '../traffic.ts';
import type { Tolerances } from '../evidence.ts';

const PACE = 30;
/** A budget that the traffic does not spend, so that `spendTheRest` meets its end exactly. */
const CALLS = 400;
const CLIENT_MS = 250;

interface Plan {
  readonly rig?: Partial<RigOptions>;
  /** Breaks something while calls come, and mends it. What it returns goes into the table. */
  readonly fault: (rig: Rig, expect: Expectations, setting: Setting) => Promise<Record<string, string | number>>;
  readonly tolerances?: Tolerances;
}

/** Traffic before, during and after the fault; then recovery is timed, and the budget is spent to its end. */
function underTraffic({ rig: options = {}, fault, tolerances }: Plan): (setting: Setting) => Promise<Outcome> {
  return async (setting) => {
    const rig = await startRig({ seed: setting.seed, calls: CALLS, ...options });
    try {
      const expect = new Expectations(rig);
      await rig.recovered();
      const traffic = rig.traffic(PACE);
      await pause(500);
      const figures = await fault(rig, expect, setting);
      const recoveredMs = await rig.recovered();
      expect.inTime(recoveredMs <= RECOVERY_MAX_MS, `it took ${recoveredMs} ms to be well again`);
      await traffic.stop();
      const calls = rig.calls.length;
      const spent = await rig.spendTheRest();
      const judged = await rig.finish(tolerances);
      const passed = rig.calls.filter(({ status }) => status === 200).length;
      expect.that(passed <= (options.calls ?? CALLS), `${passed} calls were answered of ${CALLS}`);
      const told = { calls, ...figures, recoveredMs, spent, passed, ...timing(rig) };
      return { violations: [...expect.violations, ...judged], figures: told };
    } catch (error) {
      await rig.abandon();
      throw error;
    }
  };
}

/** Refusals of calls that began within a time, with how long their clients waited. */
function refusedSince(rig: Rig, since: number): { readonly refused: readonly ClientCall[]; readonly p99Ms: number } {
  const refused = rig.calls.slice(since).filter(({ status }) => status !== 200);
  return {
    refused,
    p99Ms: quantile(
      refused.map(({ ms }) => ms),
      0.99,
    ),
  };
}

function expectClosed(expect: Expectations, refused: readonly ClientCall[], codes = ['limit.unavailable']): void {
  expect.that(refused.length > 0, 'the fault refused nobody: it did not happen');
  const other = refused.filter(({ status, code }) => status !== 503 || !codes.includes(code));
  expect.that(
    other.length === 0,
    `${other.length} calls ended otherwise, one with ${other[0]?.status} ${other[0]?.text}`,
  );
}

async function outage(rig: Rig, expect: Expectations, during: () => Promise<void>): Promise<Record<string, number>> {
  const since = rig.calls.length;
  await during();
  const { refused, p99Ms } = refusedSince(rig, since);
  expectClosed(expect, refused);
  expect.inTime(p99Ms <= CLIENT_MS, `clients waited ${p99Ms} ms (p99) for their refusals`);
  return { refused: refused.length, refusedP99Ms: p99Ms };
}

const absent: Scenario['run'] = async ({ seed }) => {
  const rig = await startRig({ seed, calls: CALLS, startLater: true });
  try {
    const expect = new Expectations(rig);
    await rig.redis.kill();
    await Promise.all(rig.places.map((place) => rig.start(place)));
    for (const { process } of rig.places) {
      expect.that((await fetch(`${process?.url}/healthz`)).ok, 'a gateway without Redis is not alive');
      expect.that(
        (await fetch(`${process?.adminUrl}/readyz`)).status === 503,
        'a gateway without Redis says it is ready',
      );
    }
    for (let index = 0; index < 10; index += 1) await rig.call();
    const { refused, p99Ms } = refusedSince(rig, 0);
    expectClosed(expect, refused);
    expect.that(refused.length === 10, 'calls passed without a ledger');
    await rig.redis.restart();
    const recoveredMs = await rig.recovered();
    expect.inTime(recoveredMs <= RECOVERY_MAX_MS, `it took ${recoveredMs} ms to be well again`);
    const spent = await rig.spendTheRest();
    const judged = await rig.finish();
    return {
      violations: [...expect.violations, ...judged],
      figures: { refusedP99Ms: p99Ms, recoveredMs, spent, ...timing(rig) },
    };
  } catch (error) {
    await rig.abandon();
    throw error;
  }
};

const killed = underTraffic({
  fault: (rig, expect, { long }) =>
    outage(rig, expect, async () => {
      await rig.redis.kill();
      await pause(long ? 10_000 : 1_500);
      await rig.redis.restart();
    }),
  rig: { calls: 600 },
});

const frozen = underTraffic({
  fault: async (rig, expect, { long }) => {
    let ready = 0;
    const figures = await outage(rig, expect, async () => {
      rig.redis.freeze();
      await pause(long ? 6_000 : 2_500);
      ready = await statusOf(rig.places[0] as Place, '/readyz');
      rig.redis.thaw();
    });
    expect.that(ready === 503, `/readyz said ${ready} while Redis was frozen`);
    return figures;
  },
  rig: { calls: 500 },
});

const late = underTraffic({
  fault: async (rig, expect, { long }) => {
    const figures: Record<string, number> = {};
    for (const latencyMs of [50, 200, 1_000]) {
      const since = rig.calls.length;
      for (const { toRedis } of rig.places) if (toRedis) toRedis.toClient.latencyMs = latencyMs;
      await pause(long ? 3_000 : 1_200);
      for (const { toRedis } of rig.places) toRedis?.heal();
      const some = rig.calls.slice(since);
      const isWithin = latencyMs < 150;
      const passed = some.filter(({ status, isStream }) => status === 200 && !isStream).map(({ ms }) => ms);
      if (isWithin) {
        expect.inTime(
          some.every(({ status }) => status === 200),
          `calls were refused at ${latencyMs} ms`,
        );
        expect.inTime(
          quantile(passed, 0.5) < 2 * latencyMs + 50,
          `a call waits ${quantile(passed, 0.5)} ms at ${latencyMs} ms`,
        );
        figures[`p50At${latencyMs}Ms`] = quantile(passed, 0.5);
      } else {
        const refused = some.filter(({ status }) => status !== 200);
        expectClosed(expect, refused);
        figures[`refusedP99At${latencyMs}Ms`] = quantile(
          refused.map(({ ms }) => ms),
          0.99,
        );
      }
      await rig.recovered();
    }
    return figures;
  },
  rig: { calls: 600 },
});

const partitioned = underTraffic({
  fault: async (rig, expect, { long }) => {
    const [alone, other] = rig.places as [Place, Place];
    const since = rig.calls.length;
    Object.assign(alone.toRedis?.toServer ?? {}, { blackHole: true });
    Object.assign(alone.toRedis?.toClient ?? {}, { blackHole: true });
    await pause(long ? 8_000 : 2_500);
    alone.toRedis?.heal();
    const some = rig.calls.slice(since);
    const there = some.filter(({ gateway }) => gateway === other.name);
    expect.inTime(there.length > 0 && there.every(({ status }) => status === 200), 'the other gateway noticed');
    const refused = some.filter(({ gateway, status }) => gateway === alone.name && status !== 200);
    expectClosed(expect, refused);
    return {
      refused: refused.length,
      unaffected: there.length,
      refusedP99Ms: quantile(
        refused.map(({ ms }) => ms),
        0.99,
      ),
    };
  },
  rig: { calls: 500 },
});

function swallowing(direction: 'toClient' | 'toServer'): Scenario['run'] {
  return underTraffic({
    fault: async (rig, expect, { long }) => {
      const since = rig.calls.length;
      for (const { toRedis } of rig.places) if (toRedis) toRedis[direction].swallow = 0.4;
      // Every loss costs its connection, and the next one is made within a second.
      const cuts = (): number => rig.places.reduce((sum, { toRedis }) => sum + (toRedis?.cut ?? 0), 0);
      const untilMs = performance.now() + 30_000;
      while (cuts() < (long ? 30 : 5) && performance.now() < untilMs) await pause(50);
      for (const { toRedis } of rig.places) toRedis?.heal();
      const cut = cuts();
      const { refused, p99Ms } = refusedSince(rig, since);
      expect.that(cut >= 5, `only ${cut} were swallowed`);
      expectClosed(expect, refused);
      return { swallowed: cut, refused: refused.length, refusedP99Ms: p99Ms };
    },
    rig: { calls: 500 },
  });
}

const flushedScripts = underTraffic({
  fault: async (rig, expect, { long }) => {
    const since = rig.calls.length;
    const times = long ? 300 : 60;
    await asAdmin(rig, async (redis) => {
      for (let index = 0; index < times; index += 1) {
        await redis.script('FLUSH');
        await pause(20);
      }
    });
    const failed = rig.calls.slice(since).filter(({ status }) => status !== 200);
    expect.inTime(failed.length === 0, `${failed.length} calls failed, one with ${failed[0]?.text}`);
    return { flushes: times, failed: failed.length };
  },
  rig: { calls: 500 },
});

const full = underTraffic({
  fault: (rig, expect) =>
    outage(rig, expect, async () => {
      await asAdmin(rig, (redis) => redis.config('SET', 'maxmemory', '1'));
      await pause(1_500);
      await asAdmin(rig, (redis) => redis.config('SET', 'maxmemory', '0'));
    }),
});

const garbled = underTraffic({
  fault: (rig, expect) =>
    outage(rig, expect, () =>
      asAdmin(rig, async (redis) => {
        let key: string | undefined;
        while (key === undefined) [key] = await redis.keys('wg:*:counter:money/tokens:*');
        // A string where a hash should be: every script that reads it fails, and books nothing.
        await redis.multi().rename(key, 'kept').set(key, 'garbage').exec();
        await pause(1_200);
        await redis.rename('kept', key);
      }),
    ),
});

async function asAdmin<T>(rig: Rig, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(rig.redis.url);
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}

async function statusOf(place: Place, path: string): Promise<number> {
  return (await fetch(`${place.process?.adminUrl}${path}`)).status;
}

export const REDIS: readonly Scenario[] = [
  { id: 'F-R1', title: 'Redis is not there at the start', run: absent },
  { id: 'F-R2', title: 'Redis killed under traffic, and back later', run: killed },
  { id: 'F-R3', title: 'Redis frozen: connected, but silent', run: frozen },
  { id: 'F-R4', title: 'Redis late by 50, 200 and 1000 ms', run: late },
  { id: 'F-R5', title: 'one gateway cut off from Redis', run: partitioned },
  { id: 'F-R6', title: 'two replies of five swallowed', run: swallowing('toClient') },
  { id: 'F-R6b', title: 'two requests of five swallowed', run: swallowing('toServer') },
  { id: 'F-R7', title: 'SCRIPT FLUSH every 20 ms', run: flushedScripts },
  { id: 'F-R8', title: 'Redis is full (noeviction)', run: full },
  { id: 'F-R12', title: 'a counter turned into garbage', run: garbled },
];
