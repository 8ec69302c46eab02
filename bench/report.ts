import type { HeldResult } from './hold.ts';
import type { LiveRunsResult } from './live-runs.ts';
import type { Sample } from './measure.ts';
import type { Bar, Round, Section } from './sections.ts';

export interface Row {
  readonly name: string;
  /** One a round, in the rounds' order. */
  readonly samples: readonly Sample[];
  /** Why the row does not count. */
  readonly failure: string | undefined;
}

/** Half of the values lie on either side; NaN where there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return NaN;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

/** CPU ratios to another row, round by round: what disturbs the machine disturbs both. */
function ratios(row: Row, base: Row | undefined): number[] {
  return row.samples.map(({ cpuMicros }, round) => cpuMicros / (base?.samples[round]?.cpuMicros ?? NaN));
}

function show(value: number, digits: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(digits);
}

/** The table of medians, in Markdown, below its title. */
export function renderSection({ title, base, unit }: Section, rows: readonly Row[]): string {
  const time = unit === 'event' ? 'first byte ' : '';
  const head = ['', `${unit}s/s`, `${time}p50 ms`, `${time}p99 ms`, `CPU µs/${unit}`, 'min..max'];
  const heads = [...head, `× ${base}`, 'min..max', 'RSS MB', 'others'];
  const baseRow = rows.find(({ name }) => name === base);
  return `## ${title}\n\n${table([heads, ...rows.map((row) => cellsOf(row, baseRow))])}`;
}

/** What streams that say nothing cost. */
export function renderHeld(title: string, rows: readonly (readonly [string, HeldResult | string])[]): string {
  const cells = rows.map(([name, held]) =>
    typeof held === 'string' ? [name, 'failed'] : [name, show(held.kilobytesPerStream, 1), show(held.rssMegabytes, 0)],
  );
  return `## ${title}\n\n${table([['', 'KB a stream', 'RSS MB'], ...cells])}`;
}

/** What calls cost with few and with many live runs in the store. */
export function renderRuns(title: string, { few, many, bytesARun }: LiveRunsResult): string {
  const row = (name: string, costs: LiveRunsResult['few']): string[] => {
    const [gateway, redis] = [median(costs.map((cost) => cost.gateway)), median(costs.map((cost) => cost.redis))];
    return [name, show(gateway, 1), show(redis, 1)];
  };
  const rows = [row('few', few), row('many', many)];
  return `## ${title}\n\n${table([['', 'CPU µs/request', 'of Redis'], ...rows])}\n\n${show(bytesARun, 0)} bytes a run in Redis`;
}

/** How long the last stream of a killed tree goes on. */
export function renderKills(title: string, times: readonly number[]): string {
  const cells = [0.5, 0.99, 1].map((share) => show(quantile(times, share), 0));
  return `## ${title}\n\n${table([
    ['', 'p50 ms', 'p99 ms', 'longest'],
    ['to the last stream’s end', ...cells],
  ])}`;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

function table([heads = [], ...rows]: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map((_, column) => (column === 0 ? '---' : '--:')), ...rows];
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => {
      const padded = widths.map((width, column) => (line[column] ?? '')[column === 0 ? 'padEnd' : 'padStart'](width));
      return `| ${padded.join(' | ')} |`;
    })
    .join('\n');
}

function cellsOf(row: Row, base: Row | undefined): string[] {
  if (row.failure !== undefined) return [row.name, 'failed'];
  const of = (pick: (sample: Sample) => number): number[] => row.samples.map(pick);
  const cpu = of(({ cpuMicros }) => cpuMicros);
  const toBase = ratios(row, base);
  return [
    row.name,
    show(median(of(({ requests, seconds }) => requests / seconds)), 0),
    show(median(of(({ p50Ms }) => p50Ms)), 2),
    show(median(of(({ p99Ms }) => p99Ms)), 2),
    show(median(cpu), 1),
    span(cpu, 1),
    show(median(toBase), 2),
    span(toBase, 2),
    show(median(of(({ rssMegabytes }) => rssMegabytes)), 0),
    Number.isNaN(median(cpu)) ? '–' : `${show(100 * median(of(({ othersShare }) => othersShare)), 0)} %`,
  ];
}

function span(values: readonly number[], digits: number): string {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? '–' : `${show(Math.min(...known), digits)}..${show(Math.max(...known), digits)}`;
}

export interface Verdict {
  readonly met: boolean;
  readonly line: string;
}

/** Whether the median of all rounds meets a bar, and the line that says so. What was not measured is not missed. */
export function judge(bar: Pick<Bar, 'text' | 'atMost' | 'atLeast'>, values: readonly number[]): Verdict {
  const { text, atMost = Infinity, atLeast = -Infinity } = bar;
  const value = median(values);
  const met = Number.isNaN(value) || (value <= atMost && value >= atLeast);
  const bound = bar.atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
  const verdict = Number.isNaN(value) ? 'not measured' : `${value.toFixed(2)} ${met ? 'pass' : 'MISSED'}`;
  return { met, line: `${text} ${bound}: ${verdict}` };
}

/** The verdicts of a section's bars. */
export function judgeSection({ bars }: Section, rounds: readonly Round[]): readonly Verdict[] {
  return bars.map((bar) => judge(bar, rounds.map(bar.value)));
}
