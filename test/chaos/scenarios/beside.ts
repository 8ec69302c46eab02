// F-A1, F-I1, F-O1, F-C1: what stands beside the way – the audit's disk, the identity provider, the collector, the clock.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { generateKeyPair, SignJWT } from 'jose';
import { freePort } from '../../support/redis.ts';
import { IDENTITY, ISSUER, token } from '../../support/waygate.ts';
import { type Place, type Rig, startRig } from '../rig.ts';
import {
  Expectations,
  type Outcome,
  pause,
  quantile,
  RECOVERY_MAX_MS,
  type Scenario,
  skipped,
  timing,
} from '../scenario.ts';
import type { Tolerances } from '../evidence.ts';
import { slow, wellBehaved } from '../witness.ts';

type Trial = (expect: Expectations) => Promise<Record<string, string | number>>;

async function tried(rig: Rig, { trial, tolerances }: { trial: Trial; tolerances?: Tolerances }): Promise<Outcome> {
  try {
    const expect = new Expectations(rig);
    const figures = await trial(expect);
    const violations = [...expect.violations, ...(await rig.finish(tolerances))];
    return { violations, figures: { ...figures, calls: rig.calls.length, ...timing(rig) } };
  } catch (error) {
    await rig.abandon();
    throw error;
  }
}

/** On a machine that stalls, Redis is late now and then, and says so. */
const CLOSED = new Set(['audit.unavailable', 'limit.unavailable']);
const DISK_KB = 4_096;
const FREE_KB = 64;

/** A disk with 64 KB left, which calls fill up; later there is room again. */
const fullDisk: Scenario['run'] = async ({ seed, long }) => {
  const rig = await startRig({ seed, calls: 20_000, startLater: true });
  for (const { dir } of rig.places) {
    const path = join(dir, 'audit');
    mkdirSync(path);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_KB}k`, 'tmpfs', path], { encoding: 'utf8' });
    if (mounted.status !== 0) {
      await rig.abandon();
      return skipped(
        `no tmpfs can be mounted here (${mounted.stderr?.trim() || mounted.error?.message}); /dev/full is held by test/audit/log.test.ts`,
      );
    }
    rig.afterwards(() => void spawnSync('umount', ['--lazy', path]));
  }
  return tried(rig, {
    tolerances: { auditGap: true },
    trial: async (expect) => {
      await Promise.all(rig.places.map((place) => rig.start(place)));
      const fillers = rig.places.map(({ dir }) => join(dir, 'audit', 'filler'));
      for (const filler of fillers) writeFileSync(filler, Buffer.alloc((freeKb(filler) - FREE_KB) * 1_024));
      // Streams that begin while there is room, and end when there is none: they are not cut.
      rig.witness.behave = (asked) => (asked.isStream ? slow(long ? 6_000 : 4_000)(asked) : wellBehaved(asked));
      const streams = rig.places.map((place) => rig.call(place, { isStream: true }));
      const traffic = rig.traffic(40);
      const closedMs = await untilClosed(rig);
      const since = rig.calls.length;
      await pause(long ? 4_000 : 1_000);
      const whileFull = rig.calls.slice(since).filter(({ isStream }) => !isStream);
      const flowed = (await Promise.all(streams)).filter(({ status }) => status === 200).length;
      expect.that(flowed === streams.length, 'a stream that had begun was cut');
      for (const filler of fillers) rmSync(filler);
      const recoveredMs = await rig.recovered();
      expect.inTime(recoveredMs <= RECOVERY_MAX_MS, `it took ${recoveredMs} ms to write again`);
      await traffic.stop();
      const closed = rig.calls.filter(({ code }) => code === 'audit.unavailable').length;
      const other = rig.calls.filter(({ status, code }) => status !== 200 && !CLOSED.has(code));
      expect.that(
        other.length === 0,
        `${other.length} calls ended otherwise, one with ${other[0]?.status} ${other[0]?.text}`,
      );
      expect.that(whileFull.length > 0, 'nobody called while the disk was full');
      return { closedMs, closed, recoveredMs };
    },
  });
};

function freeKb(path: string): number {
  const { bavail, bsize } = statfsSync(join(path, '..'));
  return Math.floor((bavail * bsize) / 1_024);
}

/** Milliseconds until every gateway refuses for its audit. */
async function untilClosed(rig: Rig): Promise<number> {
  const began = performance.now();
  for (const { name } of rig.places) {
    while (!rig.calls.some(({ gateway, code }) => gateway === name && code === 'audit.unavailable')) {
      if (performance.now() - began > 60_000) throw new Error(`the disk of ${name} did not fill up within a minute`);
      await pause(20);
    }
  }
  return Math.round(performance.now() - began);
}

const KEYS = JSON.stringify({ keys: IDENTITY.issuers[0]?.jwks.keys });
type Behaviour = (response: ServerResponse) => void;

const ILL: Readonly<Record<string, Behaviour>> = {
  hangs: () => {},
  fails: (response) => void response.writeHead(500).end('no'),
  'talks nonsense': (response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":"all"}'),
  'cuts off': (response) => void response.destroy(),
  'never ends': (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const piece = ' '.repeat(65_536);
    const more = (): void => void (response.destroyed || response.write(piece, () => setTimeout(more, 5)));
    more();
  },
};

/** An issuer that is ill in every way: what was known serves on, what was not is never taken for good. */
const deadIssuer: Scenario['run'] = async ({ seed }) => {
  let behave: Behaviour = (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(KEYS);
  const well = behave;
  const port = await freePort();
  const server = createServer((_, response) => behave(response));
  const listening = (): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const issuers = [{ ...IDENTITY.issuers[0], jwks: { url: `http://127.0.0.1:${port}/jwks` } }];
  const rig = await startRig({ seed, config: () => ({ identity: { issuers }, outbound: { allowLoopback: true } }) });
  try {
    return await tried(rig, {
      trial: async (expect) => {
        const cold = await rig.call();
        expect.that(
          cold.status === 503 && cold.code === 'identity.unavailable',
          `without keys: ${cold.status} ${cold.text}`,
        );
        await listening();
        const recoveredMs = await rig.recovered();
        const { privateKey } = await generateKeyPair('ES256');
        for (const [name, ill] of Object.entries(ILL)) {
          behave = ill;
          // A key that nobody knows makes every gateway ask again.
          const forged = await new SignJWT({ sub: 'eve', iss: ISSUER, aud: 'waygate', agent: 'ci' })
            .setProtectedHeader({ alg: 'ES256', kid: `forged ${name}` })
            .setIssuedAt()
            .setExpirationTime('5min')
            .sign(privateKey);
          const asking = rig.call(undefined, { bearer: forged });
          const good = await Promise.all(Array.from({ length: 6 }, () => rig.call()));
          const failed = good.filter(({ status }) => status !== 200);
          expect.that(
            failed.length === 0,
            `with an issuer that ${name}, good tokens got ${failed[0]?.status} ${failed[0]?.text}`,
          );
          const { status, text } = await asking;
          expect.that(
            status === 401 || status === 503,
            `with an issuer that ${name}, a forged token got ${status} ${text}`,
          );
        }
        behave = well;
        return { recoveredMs, illnesses: Object.keys(ILL).length };
      },
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

const COLLECTORS: Readonly<Record<string, Behaviour>> = {
  silent: () => {},
  failing: (response) => void response.writeHead(500).end(),
  busy: (response) => void response.writeHead(429, { 'retry-after': '1' }).end(),
  slow: (response) => void setTimeout(() => response.writeHead(200).end(), 1_000),
  huge: (response) => void response.writeHead(200).end(Buffer.alloc(32 * 1_048_576)),
  cutting: (response) => void response.destroy(),
};
const SHUTDOWN_MS = 7_000;

/** A collector that is ill in every way: calls do not notice, and what is lost is counted. */
const deadCollector: Scenario['run'] = async ({ seed, long }) => {
  let behave: Behaviour = (response) => void response.writeHead(200).end();
  const server = createServer((request, response) => {
    request.resume();
    behave(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const otlp = { endpoint: `http://127.0.0.1:${port}`, timeoutMs: 500 };
  const rig = await startRig({ seed, gateways: 1, config: () => ({ telemetry: { otlp } }) });
  try {
    return await tried(rig, {
      trial: async (expect) => {
        const [place] = rig.places as [Place];
        const phase = async (): Promise<number> => {
          const since = rig.calls.length;
          const traffic = rig.traffic(50);
          await pause(long ? 5_000 : 1_000);
          await traffic.stop();
          const some = rig.calls.slice(since);
          expect.that(
            some.every(({ status }) => status === 200),
            `a call failed: ${some.find(({ status }) => status !== 200)?.text}`,
          );
          return quantile(
            some.filter(({ isStream }) => !isStream).map(({ ms }) => ms),
            0.99,
          );
        };
        await phase();
        const figures: Record<string, number> = { wellP99Ms: await phase() };
        for (const [name, ill] of Object.entries(COLLECTORS)) {
          behave = ill;
          const p99Ms = await phase();
          figures[`${name}P99Ms`] = p99Ms;
          expect.inTime(
            p99Ms <= 2 * (figures['wellP99Ms'] ?? 0) + 20,
            `with a ${name} collector calls take ${p99Ms} ms (p99)`,
          );
        }
        figures['dropped'] = await dropped(place);
        expect.that(figures['dropped'] > 0, 'spans were lost and none was counted');
        behave = () => {};
        const began = performance.now();
        place.process?.signal('SIGTERM');
        await rig.ended(place);
        figures['endedMs'] = Math.round(performance.now() - began);
        expect.inTime(
          figures['endedMs'] <= SHUTDOWN_MS,
          `with a silent collector the end took ${figures['endedMs']} ms`,
        );
        return figures;
      },
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

/** Spans that the gateway says it dropped; waits until there are some. */
async function dropped({ process }: Place): Promise<number> {
  for (let tries = 0; tries < 300; tries += 1) {
    const text = await (await fetch(`${process?.adminUrl}/metrics`)).text();
    const count = [...text.matchAll(/^waygate_telemetry_dropped\w*(?:\{[^}]*\})? (\d+)/gm)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
    if (count > 0) return count;
    await pause(100);
  }
  return 0;
}

const YEAR = '365d';
const STEPS = ['+1s', '-1s', '+1h', '-1h', `+${YEAR}`, `-${YEAR}`];

/** The wall clock of both gateways is set, again and again, while the ledger keeps its own time. */
const clockSteps: Scenario['run'] = async ({ seed, long }) => {
  const library = libfaketime();
  if (library === undefined) return skipped('libfaketime is not installed (`apt-get install faketime`)');
  const file = join('/tmp', `waygate-clock-${process.pid}-${seed}`);
  const set = (step: string): void => writeFileSync(file, `${step}\n`);
  set('+0s');
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  const rig = await startRig({ seed, calls: 20_000, env });
  try {
    return await tried(rig, {
      trial: async (expect) => {
        const now = Math.floor(Date.now() / 1_000);
        // Good two hours before and five hours after now, so that an hour's step leaves it valid.
        const bearer = await token({ iat: now - 7_200, exp: now + 18_000 });
        let spent = 0;
        for (const step of STEPS) {
          for (const to of [step, '+0s']) {
            set(to);
            const some = await Promise.all(
              Array.from({ length: long ? 60 : 12 }, (_, index) =>
                rig.call(undefined, { bearer, isStream: index % 4 === 0 }),
              ),
            );
            const isYear = to.includes(YEAR);
            // A year on, the token has expired; a year back it is one of the future, which nothing forbids.
            const wrong = some.filter(
              ({ status }) => status !== (to === `+${YEAR}` ? 401 : 200) && !(isYear && status === 401),
            );
            expect.that(wrong.length === 0, `at ${to} (of ${step}): ${wrong[0]?.status} ${wrong[0]?.text}`);
            const settled = (await rig.watch.counters()).reduce((sum, counter) => sum + counter.settled, 0);
            expect.that(settled >= spent, `at ${to} the counters went back from ${spent} to ${settled}`);
            spent = settled;
          }
        }
        const recoveredMs = await rig.recovered();
        return { steps: 2 * STEPS.length, recoveredMs };
      },
    });
  } finally {
    rmSync(file, { force: true });
  }
};

function libfaketime(): string | undefined {
  for (const dir of [
    '/usr/lib/x86_64-linux-gnu/faketime',
    '/usr/lib/aarch64-linux-gnu/faketime',
    '/usr/lib/faketime',
  ]) {
    try {
      if (readdirSync(dir).includes('libfaketime.so.1')) return join(dir, 'libfaketime.so.1');
    } catch {
      // Not there.
    }
  }
  return undefined;
}

export const BESIDE: readonly Scenario[] = [
  { id: 'F-A1', title: 'the disk of the audit fills up, and has room again', run: fullDisk },
  { id: 'F-I1', title: 'the issuer of tokens is dead, ill, poisoned', run: deadIssuer },
  { id: 'F-O1', title: 'the collector is silent, failing, slow, huge', run: deadCollector },
  { id: 'F-C1', title: 'the wall clock steps by seconds, hours, a year', run: clockSteps },
];
