// The driver of `npm run bench`. See README.md beside it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { redisBinary, startRedis } from '../test/support/redis.ts';
import { type Name, NAMES, type Stage, startCandidate, startInRuns } from './candidates.ts';
import { type Entry, field } from './field.ts';
import type { Held, HeldResult } from './hold.ts';
import { measure, type Sample } from './measure.ts';
import { findCores, pin, runScript, startServer } from './processes.ts';
import { renderProfiles } from './profile.ts';
import {
  judge,
  judgeSection,
  quantile,
  renderHeld,
  renderKills,
  renderRuns,
  renderSection,
  type Row,
  type Verdict,
} from './report.ts';
import type { KillResult, Kills } from './kill.ts';
import { liveRuns } from './live-runs.ts';
import { HELD, KILL, type Round, RUNS, type Section, SECTIONS } from './sections.ts';
import { ANSWER, chatRequest, EVENTS } from './traffic.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '3' },
    sections: { type: 'string', default: [...SECTIONS.map(({ name }) => name), 'held', 'runs', 'kill'].join(',') },
    only: { type: 'string', default: NAMES.join(',') },
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    gate: { type: 'boolean', default: false },
  },
});
const rounds = flags.quick ? 2 : Number(flags.rounds);
const seconds = flags.quick ? 1 : Number(flags.seconds);
const wanted = { sections: flags.sections.split(','), names: flags.only.split(',') };

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const dir = mkdtempSync(join(tmpdir(), 'waygate-bench-'));
// Profiles are for looking at afterwards.
if (!flags.profile) process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
const cores = findCores();
say(
  cores
    ? `candidates on core ${cores.candidate}, everything else on ${cores.others}`
    : 'cannot pin: figures will be rough',
);

const redis = await findRedis();
const [upstream, collector] = [await serverOf('upstream'), await serverOf('collector')];
const profileDir = join(dir, 'profiles');
const nodeOptions = flags.profile ? ['--cpu-prof', '--cpu-prof-dir', profileDir] : [];
const stage: Stage = { dir, cores, upstream, around: { collector, redisUrl: redis?.url }, nodeOptions };
const warmUpCalls = flags.quick ? 5_000 : 100_000;
const candidates = field({ stage, warmUpCalls, say });

const reports: string[] = [];
const verdicts: Verdict[] = [];
const failures = new Map<string, string>();
for (const section of SECTIONS.filter(({ name }) => wanted.sections.includes(name))) await play(section);
if (wanted.sections.includes('held')) await hold();
if (wanted.sections.includes('runs')) await tried('runs', playRuns);
if (wanted.sections.includes('kill')) await tried('kill', playKills);
await candidates.stop();
await Promise.all([upstream.stop(), collector.stop(), redis?.stop()]);

if (flags.profile) console.log(renderProfiles(profileDir));
console.log(reports.join('\n\n'));
for (const [name, failure] of failures) console.log(`\n${name} failed: ${failure}`);
console.log(`\n${verdicts.map(({ line }) => line).join('\n')}`);
process.exit(failures.size > 0 || (flags.gate && verdicts.some(({ met }) => !met)) ? 1 : 0);

function serverOf(name: 'upstream' | 'collector'): ReturnType<typeof startServer> {
  return startServer(name, { dir, cores: cores?.others, args: (port) => [`bench/${name}.ts`, String(port)] });
}

async function findRedis(): Promise<{ readonly url: string; readonly stop: () => Promise<void> } | undefined> {
  const url = process.env['REDIS_URL'];
  if (url) return { url, stop: () => Promise.resolve() };
  if (!redisBinary()) return undefined;
  const server = await startRedis();
  process.once('exit', () => void server.kill());
  pin(server.pid, cores?.others);
  return server;
}

async function enterAll(names: readonly Name[]): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const name of names.filter((known) => wanted.names.includes(known))) entries.push(await candidates.enter(name));
  return entries;
}

/** One burst each, so close together that a noisy neighbour meets them all; the order turns with the rounds. */
async function play(section: Section): Promise<void> {
  const entries = await enterAll(section.candidates);
  const samples = new Map<Name, Sample[]>(entries.map(({ name }) => [name, []]));
  const played: Round[] = [];
  // Of streams the first round warms up.
  for (let round = section.body === 'paced' ? -1 : 0; round < rounds; round += 1) {
    const turn = Math.max(0, round) % entries.length;
    const found = new Map<Name, Sample>();
    for (const entry of [...entries.slice(turn), ...entries.slice(0, turn)]) {
      const sample = await burst(section, entry);
      if (sample) found.set(entry.name, sample);
    }
    if (round < 0) continue;
    played.push(found);
    for (const [name, sample] of found) samples.get(name)?.push(sample);
    say(`${section.name}: round ${round + 1}/${rounds}`);
  }
  const rows = entries.map(({ name, failure }): Row => ({ name, samples: samples.get(name) ?? [], failure }));
  reports.push(renderSection(section, rows));
  verdicts.push(...judgeSection(section, played));
}

/** Undefined where the candidate has failed. */
async function burst({ script, connections, body }: Section, entry: Entry): Promise<Sample | undefined> {
  if (!entry.candidate || entry.failure !== undefined) return noted(entry);
  const load = {
    body: chatRequest(body),
    expectBody: body === 'json' ? ANSWER : EVENTS.join(''),
    connections,
    seconds,
  };
  const sample = await measure(entry.candidate, { cores, script, burst: load });
  entry.failure = sample.failure;
  return sample.failure === undefined ? sample : noted(entry);
}

function noted({ name, failure }: Entry): undefined {
  if (failure !== undefined) failures.set(name, failure);
}

/** What streams cost that are open and silent, in processes that have done nothing else. */
async function hold(): Promise<void> {
  const rows: (readonly [string, HeldResult | string])[] = [];
  for (const name of HELD.candidates.filter((known) => wanted.names.includes(known))) {
    say(`holding ${name}`);
    const held = await holdOne(name).catch((error: Error) => error.message);
    if (typeof held === 'string') failures.set(name, held);
    rows.push([name, held]);
  }
  reports.push(renderHeld(`${HELD.streams} streams, open and silent`, rows));
  const governed = rows.find(([name]) => name === 'governed')?.[1];
  const cost = typeof governed === 'object' ? governed.kilobytesPerStream : NaN;
  verdicts.push(judge({ text: 'KB a stream of governed', atMost: HELD.atMost }, [cost]));
}

async function holdOne(name: Name): Promise<HeldResult> {
  const candidate = await startCandidate(name, { ...stage, dir: mkdtempSync(join(dir, 'held-')) });
  const { headers, pid = 0 } = candidate;
  const url = `${candidate.url}/v1/chat/completions`;
  const held: Held = { url, headers, pid, body: chatRequest('hold'), streams: HELD.streams };
  try {
    return await runScript<HeldResult>(['bench/hold.ts', JSON.stringify(held)], cores?.others);
  } finally {
    await candidate.stop();
  }
}

async function tried(name: string, work: () => Promise<void>): Promise<void> {
  await work().catch((error: Error) => failures.set(name, error.message));
}

/** Whether the runs that live in the store cost a call anything. */
async function playRuns(): Promise<void> {
  const many = flags.quick ? RUNS.quick : RUNS.many;
  const result = await liveRuns({ stage, few: RUNS.few, many, rounds, seconds, warmUpCalls, say });
  reports.push(renderRuns(`Calls with ${RUNS.few} and with ${many} live runs in the store`, result));
  const ratios = result.many.map(({ gateway, redis }, round) => {
    const few = result.few[round] ?? { gateway: NaN, redis: NaN };
    return (gateway + redis) / (few.gateway + few.redis);
  });
  verdicts.push(
    judge({ text: `CPU of gateway and Redis with ${many} runs to ${RUNS.few}`, atMost: RUNS.atMost }, ratios),
  );
  verdicts.push(judge({ text: 'bytes a run in Redis', atMost: RUNS.bytesAtMost }, [result.bytesARun]));
}

/** How long streams go on that are open when their tree is killed, on two processes. */
async function playKills(): Promise<void> {
  const { kills, streams } = flags.quick ? KILL.quick : KILL;
  const own = (name: string): Stage => ({ ...stage, dir: join(dir, name) });
  const gateways = await Promise.all(['kill-1', 'kill-2'].map((name) => startInRuns(own(name), 'kill')));
  try {
    say(`killing ${kills} trees of ${streams} streams`);
    const trial: Kills = { gateways, body: chatRequest('hold'), kills, streams };
    const { times } = await runScript<KillResult>(['bench/kill.ts', JSON.stringify(trial)], cores?.others);
    reports.push(renderKills(`${kills} kills of trees with ${streams} open streams on two processes`, times));
    verdicts.push(
      judge({ text: 'ms from a kill to its last stream’s end, p99', atMost: KILL.atMostMs }, [quantile(times, 0.99)]),
    );
  } finally {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
  }
}
