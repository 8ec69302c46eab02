// F-P, F-L4: gateways that are ended, killed, reloaded, starved of descriptors, memory and cores.
import { spawn } from 'node:child_process';
import { startRig, type Place, type Rig } from '../rig.ts';
import { Expectations, type Outcome, pause, quantile, type Scenario, timing } from '../scenario.ts';
import { slow, wellBehaved } from '../witness.ts';
import type { Tolerances } from '../evidence.ts';

type Trial = (rig: Rig, expect: Expectations, long: boolean) => Promise<Record<string, string | number>>;

async function tried(
  rig: Rig,
  { long, trial, tolerances }: { long: boolean; trial: Trial; tolerances?: Tolerances },
): Promise<Outcome> {
  try {
    const expect = new Expectations(rig);
    const figures = await trial(rig, expect, long);
    const violations = [...expect.violations, ...(await rig.finish(tolerances))];
    return { violations, figures: { ...figures, calls: rig.calls.length, ...timing(rig) } };
  } catch (error) {
    await rig.abandon();
    throw error;
  }
}

const LEASE_MS = 5_000;

/** Both gateways are killed in turn, at moments that the seed chooses, while calls of every length are under way. */
const killedAtRandom: Scenario['run'] = async ({ seed, long }) => {
  const rig = await startRig({ seed, calls: 100_000, leaseMs: LEASE_MS });
  return tried(rig, {
    long,
    trial: async (_, expect) => {
      const kills = long ? 50 : 4;
      rig.witness.behave = (asked) => slow(rig.random.between(0, 400))(asked);
      const traffic = rig.traffic(30);
      for (let times = 0; times < kills; times += 1) {
        await pause(rig.random.between(50, 900));
        const victim = rig.places[times % rig.places.length] as Place;
        await rig.kill(victim);
        await rig.start(victim);
      }
      await traffic.stop();
      rig.witness.behave = wellBehaved;
      const recoveredMs = await rig.recovered();
      const untold = rig.calls.filter(({ status }) => status === undefined).length;
      const freedMs = await freed(rig);
      expect.that(untold > 0, 'no call was under way at any kill: they hit nothing');
      return { kills, untold, recoveredMs, freedMs };
    },
  });
};

/** Once their leases have ended, an admission sweeps what the killed have left; how long that took. */
async function freed(rig: Rig): Promise<number> {
  const began = performance.now();
  while ((await rig.watch.leases()).length > 0) {
    if (performance.now() - began > 12 * LEASE_MS) return Math.round(performance.now() - began);
    await rig.call();
    await pause(100);
  }
  return Math.round(performance.now() - began);
}

const STREAMS = 100;

/** A hundred streams and steady short calls; one of two gateways is asked to end, as in a rolling update. */
const ended: Scenario['run'] = async ({ seed, long }) => {
  const rig = await startRig({ seed, config: () => ({ drain: { seconds: long ? 30 : 8 } }) });
  return tried(rig, {
    long,
    trial: async (_, expect) => {
      rig.witness.behave = (asked) => (asked.isStream ? slow(2_500)(asked) : wellBehaved(asked));
      const [going] = rig.places as [Place];
      const streams = Array.from({ length: STREAMS }, () => rig.call(going, { isStream: true }));
      await arrived(rig, STREAMS);
      const { process } = going;
      const shorts: Promise<unknown>[] = [];
      const timer = setInterval(() => shorts.push(rig.call(going)), 20);
      await pause(200);
      process?.signal('SIGTERM');
      const told = await untilStatus(`${process?.adminUrl}/readyz`, 503);
      await pause(300);
      clearInterval(timer);
      await Promise.all(shorts);
      const whole = (await Promise.all(streams)).filter(
        ({ status, text }) => status === 200 && text.includes('[DONE]'),
      ).length;
      expect.that(whole === STREAMS, `${STREAMS - whole} of ${STREAMS} streams did not end whole`);
      expect.that((await rig.ended(going)) === 0, 'it did not end with 0');
      const short = rig.calls.filter(({ isStream }) => !isStream);
      const cut = short.filter(({ status, text }) => status === undefined && !text.includes('ECONNREFUSED'));
      // A connection that is closed while its next request is on the way resets it: nothing of that may have been taken.
      const sent = new Set(rig.witness.arrivals.map(({ sha256 }) => sha256));
      const taken = cut.filter(({ sha256 }) => sent.has(sha256));
      expect.that(taken.length === 0, `${taken.length} short calls were taken and cut, one with ${taken[0]?.text}`);
      const refused = short.filter(({ status }) => status !== 200 && status !== undefined);
      const other = refused.filter(({ code }) => code !== 'gateway.draining');
      expect.that(other.length === 0, `${other.length} short calls ended with ${other[0]?.text}`);
      return { streams: whole, short: short.length, draining: refused.length, resets: cut.length, toldMs: told };
    },
  });
};

async function arrived({ witness }: Rig, count: number): Promise<void> {
  const untilMs = performance.now() + 30_000;
  while (witness.arrivals.length < count) {
    if (performance.now() > untilMs)
      throw new Error(`${witness.arrivals.length} of ${count} calls reached the upstream`);
    await pause(20);
  }
}

async function untilStatus(url: string, status: number): Promise<number> {
  const began = performance.now();
  while ((await fetch(url).catch(() => undefined))?.status !== status) {
    if (performance.now() - began > 10_000) return Infinity;
    await pause(5);
  }
  return Math.round(performance.now() - began);
}

/** Reloads under traffic, a reader of its output that goes away, and at last a second SIGTERM. */
const signalled: Scenario['run'] = async ({ seed, long }) => {
  const rig = await startRig({ seed, leaseMs: LEASE_MS });
  return tried(rig, {
    long,
    tolerances: { exitCodes: [130] },
    trial: async (_, expect) => {
      const [place] = rig.places as [Place];
      const { process } = place;
      const traffic = rig.traffic(30);
      process?.signal('SIGPIPE');
      for (let times = 0; times < 5; times += 1) {
        process?.signal('SIGHUP');
        await pause(150);
      }
      process?.closeOutput();
      await pause(700);
      await traffic.stop();
      const failed = rig.calls.filter(({ status }) => status !== 200);
      expect.inTime(failed.length === 0, `${failed.length} calls failed, one with ${failed[0]?.text}`);
      rig.witness.behave = () => {};
      const before = rig.witness.arrivals.length;
      const hanging = rig.call(place);
      await arrived(rig, before + 1);
      process?.signal('SIGTERM');
      await pause(300);
      const began = performance.now();
      process?.signal('SIGTERM');
      expect.that((await rig.ended(place)) === 130, 'the second SIGTERM did not end it at once');
      const endedMs = Math.round(performance.now() - began);
      await hanging;
      rig.witness.behave = wellBehaved;
      return { reloads: 5, endedMs, freedMs: await freed(rig) };
    },
  });
};

/** So few descriptors that clients use them up: what does not fit waits or is refused, and nothing crashes. */
const fewDescriptors: Scenario['run'] = async ({ seed, long }) => {
  // A third of the descriptors for clients: the others are for upstreams, files and Redis.
  const config = () => ({ frontDoor: { connections: 40 } });
  const rig = await startRig({ seed, gateways: 1, under: ['prlimit', '--nofile=128:128'], config });
  return tried(rig, {
    long,
    trial: async (_, expect) => {
      rig.witness.behave = slow(400);
      const many = await Promise.all(Array.from({ length: 200 }, () => rig.call()));
      const answered = many.filter(({ status }) => status === 200).length;
      rig.witness.behave = wellBehaved;
      await pause(500);
      const recoveredMs = await rig.recovered();
      expect.that(answered > 0, 'nobody was answered');
      expect.that(answered < many.length, 'there were enough descriptors for all: nothing was tried');
      return { asked: many.length, answered, recoveredMs };
    },
  });
};

const littleMemory: Scenario['run'] = async ({ seed, long }) => {
  const rig = await startRig({ seed, gateways: 1, env: { NODE_OPTIONS: '--max-old-space-size=128' } });
  return tried(rig, {
    long,
    trial: async (_, expect) => {
      const filler = 'x'.repeat(8 * 1_048_576);
      let bodies = 0;
      for (let round = 0; round < (long ? 5 : 1); round += 1) {
        const some = await Promise.all(Array.from({ length: 12 }, () => rig.call(undefined, { filler })));
        bodies += some.length;
        const silent = some.filter(({ status }) => status === undefined);
        expect.that(silent.length === 0, `a large body got no answer: ${silent[0]?.text}`);
      }
      const recoveredMs = await rig.recovered();
      return { bodies, recoveredMs };
    },
  });
};

const noCore: Scenario['run'] = async ({ seed, long }) => {
  const rig = await startRig({ seed });
  return tried(rig, {
    long,
    trial: async () => {
      const hogs = Array.from({ length: 4 }, () =>
        spawn(process.execPath, ['-e', 'const end = Date.now() + 30000; while (Date.now() < end);']),
      );
      const traffic = rig.traffic(20);
      await pause(long ? 10_000 : 2_000);
      for (const hog of hogs) hog.kill('SIGKILL');
      await traffic.stop();
      const recoveredMs = await rig.recovered();
      const passed = rig.calls.filter(({ status }) => status === 200).map(({ ms }) => ms);
      return { answered: passed.length, p99Ms: quantile(passed, 0.99), recoveredMs };
    },
  });
};

export const PROCESSES: readonly Scenario[] = [
  { id: 'F-P1', title: 'SIGTERM with a hundred streams and short calls', run: ended },
  { id: 'F-P2', title: 'gateways killed at random moments', run: killedAtRandom },
  { id: 'F-P3', title: 'SIGHUP, SIGPIPE, output closed, SIGTERM twice', run: signalled },
  { id: 'F-L4', title: 'few descriptors', run: fewDescriptors },
  { id: 'F-L4b', title: 'little memory, large bodies', run: littleMemory },
  { id: 'F-L4c', title: 'no core to spare', run: noCore },
];
