// The driver of `npm run soak`: mixed traffic with 1 % faults for an hour, and whether anything grew meanwhile.
//   npm run soak -- --minutes 60 --rate 150 --seed 1
import { parseArgs } from 'node:util';
import type { Sample } from './sampler.ts';
import { soak } from './soak.ts';
import { byMinute, judgeMemory } from './verdict.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    /** Calls a second. */
    rate: { type: 'string', default: '150' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const [minutes, rate, seed] = [values.minutes, values.rate, values.seed].map(Number) as [number, number, number];
if (!(minutes >= 1 && rate >= 1 && Number.isInteger(seed)))
  throw new Error('expected `--minutes 60 --rate 150 --seed 1`');

const SAMPLE_EVERY_SECONDS = 15;
/** V8 compiles, and bounded memories (tokens, refusals) fill up: the first sixth of the run, ten minutes of an hour. */
const WARM_UP = 1 / 6;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const COLUMNS = [
  'minute',
  'calls',
  'heap MB',
  'buffers MB',
  'RSS MB',
  'files',
  'handles',
  'loop p99 ms',
  'loop max ms',
];
say(`${minutes} minutes, ${rate} calls/s, seed ${seed}`);
say(COLUMNS.join('  '));

let minute: Sample[] = [];
const soaked = await soak({
  length: minutes * 60,
  step: SAMPLE_EVERY_SECONDS,
  unit: 'seconds',
  callsPerSecond: rate,
  seed,
  fillsFirst: true,
  onSample(sample) {
    const [last] = minute;
    if (last && Math.floor(last.seconds / 60) !== Math.floor(sample.seconds / 60)) {
      tell(minute);
      minute = [];
    }
    minute.push(sample);
  },
});
if (minute.length > 0) tell(minute);

const steady = byMinute(soaked.samples.filter(({ seconds }) => seconds >= minutes * 60 * WARM_UP));
const verdicts = [...judgeMemory(steady, soaked.before, soaked.after), ...soaked.verdicts];
say(`\nfaults of upstreams and store: ${JSON.stringify(soaked.faults)}`);
for (const { ok, text } of verdicts) say(`${ok ? 'ok    ' : 'FAILED'} ${text}`);
process.exitCode = verdicts.every(({ ok }) => ok) ? 0 : 1;

function tell(samples: readonly Sample[]): void {
  for (const { seconds, calls, heap, external, rss, files, handles, delayP99, delayMax } of byMinute(samples)) {
    const cells = [
      Math.floor(seconds / 60),
      calls,
      ...[heap, external].map((value) => value.toFixed(2)),
      rss.toFixed(0),
    ];
    const row = [...cells, files, handles, ...[delayP99, delayMax].map((value) => value.toFixed(1))];
    say(row.map((cell, index) => String(cell).padStart(COLUMNS[index]?.length ?? 0)).join('  '));
  }
}
