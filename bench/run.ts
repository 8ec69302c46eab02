// The driver of `npm run bench`. See README.md beside it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { redisBinary, startRedis } from '../test/support/redis.ts';
import { type Candidate, type Name, NAMES, type Stage, startCandidate, tryOut } from './candidates.ts';
import type { Burst } from './load.ts';
import { measure, type Sample } from './measure.ts';
import { findCores, pin, startServer } from './processes.ts';
import { renderProfiles } from './profile.ts';
import { judge, renderTable, type Row } from './report.ts';
import { ANSWER, chatRequest, EVENTS } from './traffic.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    only: { type: 'string', default: NAMES.join(',') },
    quick: { type: 'boolean', default: false },
    stream: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    gate: { type: 'boolean', default: false },
  },
});
const rounds = flags.quick ? 2 : Number(flags.rounds);
const seconds = flags.quick ? 1 : Number(flags.seconds);
const burst: Omit<Burst, 'url' | 'headers'> = {
  body: chatRequest(flags.stream ? 'stream' : 'json'),
  expectBody: flags.stream ? EVENTS.join('') : ANSWER,
  connections: Number(flags.connections),
  seconds,
};

// A gateway runs for days, and V8 goes on compiling for its first hundred thousand calls.
const WARM_UP_CALLS = flags.quick ? 5_000 : 100_000;
const WARM_UP_BURSTS_MAX = 30;

interface Entry {
  readonly name: Name;
  readonly candidate: Candidate | undefined;
  readonly samples: Sample[];
  failure: string | undefined;
}

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
const upstream = await startServer('upstream', {
  dir,
  cores: cores?.others,
  args: (port) => ['bench/upstream.ts', String(port)],
});
const collector = await startServer('collector', {
  dir,
  cores: cores?.others,
  args: (port) => ['bench/collector.ts', String(port)],
});
const profileDir = join(dir, 'profiles');
const nodeOptions = flags.profile ? ['--cpu-prof', '--cpu-prof-dir', profileDir] : [];
const stage: Stage = { dir, cores, upstream, around: { collector, redisUrl: redis?.url }, nodeOptions };

const entries: Entry[] = [];
for (const name of NAMES.filter((known) => flags.only.split(',').includes(known))) entries.push(await enter(name));
for (let round = 0; round < rounds; round += 1) await playRound(round);
for (const { candidate } of entries) await candidate?.stop();
await Promise.all([upstream.stop(), collector.stop(), redis?.stop()]);

const rows: readonly Row[] = entries;
const failed = rows.filter(({ failure }) => failure !== undefined);
const verdict = judge(rows);
if (flags.profile) console.log(renderProfiles(profileDir));
console.log(renderTable(rows));
for (const { name, failure } of failed) console.log(`\n${name} failed: ${failure}`);
console.log(`\n${verdict.line}`);
process.exit(failed.length > 0 || (flags.gate && !verdict.met) ? 1 : 0);

async function findRedis(): Promise<{ readonly url: string; readonly stop: () => Promise<void> } | undefined> {
  const url = process.env['REDIS_URL'];
  if (url) return { url, stop: () => Promise.resolve() };
  if (!redisBinary()) return undefined;
  const server = await startRedis();
  process.once('exit', () => void server.kill());
  pin(server.pid, cores?.others);
  return server;
}

/** Starts a candidate, warms it up, tries it out and asks for proof of its work. */
async function enter(name: Name): Promise<Entry> {
  say(`warming up ${name}`);
  try {
    const candidate = await startCandidate(name, stage);
    await warmUp(candidate);
    return { name, candidate, samples: [], failure: (await tryOut(candidate)) ?? (await candidate.doubt()) };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { name, candidate: undefined, samples: [], failure };
  }
}

/** Until the code is compiled that the rounds will run: a number of calls, not a time. Answers are not looked at yet. */
async function warmUp(candidate: Candidate): Promise<void> {
  let requests = 0;
  for (let bursts = 0; requests < WARM_UP_CALLS && bursts < WARM_UP_BURSTS_MAX; bursts += 1) {
    requests += (await measure(candidate, { cores, burst })).requests;
  }
}

/** One burst each, so close together that a noisy neighbour meets them all; the order turns with the rounds. */
async function playRound(round: number): Promise<void> {
  const turn = round % entries.length;
  for (const entry of [...entries.slice(turn), ...entries.slice(0, turn)]) {
    if (!entry.candidate || entry.failure !== undefined) continue;
    const sample = await measure(entry.candidate, { cores, burst });
    const cpu = Number.isNaN(sample.cpuMicros) ? '' : `, ${sample.cpuMicros.toFixed(1)} µs a request`;
    say(`round ${round + 1}/${rounds} ${entry.name}: ${Math.round(sample.requests / sample.seconds)}/s${cpu}`);
    entry.samples.push(sample);
    entry.failure = sample.failure;
  }
}
