import type { Sample } from './measure.ts';

export interface Row {
  readonly name: string;
  /** One a round, in the rounds' order. */
  readonly samples: readonly Sample[];
  /** Why the row does not count. */
  readonly failure: string | undefined;
}

/** The first bar: what governing a call may cost, in the CPU of relaying it. */
const BAR = 2;

function median(values: readonly number[]): number {
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

const HEAD = [
  '',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'CPU µs/request',
  'min..max',
  '× relay',
  'min..max',
  'RSS MB',
  'others',
];

/** The table of medians, in Markdown. */
export function renderTable(rows: readonly Row[]): string {
  const relay = rows.find(({ name }) => name === 'relay');
  const cells = [
    HEAD,
    HEAD.map((_, column) => (column === 0 ? '---' : '--:')),
    ...rows.map((row) => cellsOf(row, relay)),
  ];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells
    .map((line) => {
      const padded = widths.map((width, column) => (line[column] ?? '')[column === 0 ? 'padEnd' : 'padStart'](width));
      return `| ${padded.join(' | ')} |`;
    })
    .join('\n');
}

function cellsOf(row: Row, relay: Row | undefined): string[] {
  if (row.failure !== undefined) return [row.name, 'failed'];
  const of = (pick: (sample: Sample) => number): number[] => row.samples.map(pick);
  const cpu = of(({ cpuMicros }) => cpuMicros);
  const toRelay = ratios(row, relay);
  return [
    row.name,
    show(median(of(({ requests, seconds }) => requests / seconds)), 0),
    show(median(of(({ p50Ms }) => p50Ms)), 2),
    show(median(of(({ p99Ms }) => p99Ms)), 2),
    show(median(cpu), 1),
    span(cpu, 1),
    show(median(toRelay), 2),
    span(toRelay, 2),
    show(median(of(({ rssMegabytes }) => rssMegabytes)), 0),
    Number.isNaN(median(cpu)) ? '–' : `${show(100 * median(of(({ othersShare }) => othersShare)), 0)} %`,
  ];
}

function span(values: readonly number[], digits: number): string {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? '–' : `${show(Math.min(...known), digits)}..${show(Math.max(...known), digits)}`;
}

/** Whether the bar is met, and the line that says so. */
export function judge(rows: readonly Row[]): { readonly met: boolean; readonly line: string } {
  const relay = rows.find(({ name, failure }) => name === 'relay' && failure === undefined);
  const governed = rows.find(({ name, failure }) => name === 'governed' && failure === undefined);
  const ratio = governed ? median(ratios(governed, relay)) : NaN;
  const met = ratio <= BAR;
  const verdict = Number.isNaN(ratio) ? 'not measured' : `${ratio.toFixed(2)} ${met ? 'pass' : 'MISSED'}`;
  return { met, line: `governed ≤ ${BAR.toFixed(1)} × relay: ${verdict}` };
}
