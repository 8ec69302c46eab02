// What is measured: which candidates, under which load, and the bars that the figures must meet.
import type { Name } from './candidates.ts';
import type { LoadScript, Sample } from './measure.ts';

/** The samples of one round, by candidate. */
export type Round = ReadonlyMap<Name, Sample>;

export interface Bar {
  readonly text: string;
  /** Of one round; the median of all rounds is held against the bound. NaN where a row is missing. */
  readonly value: (round: Round) => number;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Section {
  readonly name: string;
  readonly title: string;
  readonly candidates: readonly Name[];
  /** The row whose CPU the others are told in. */
  readonly base: Name;
  readonly script: LoadScript;
  readonly connections: number;
  readonly body: 'json' | 'paced';
  readonly unit: 'request' | 'event';
  readonly bars: readonly Bar[];
}

export const SECTIONS: readonly Section[] = [
  {
    name: 'calls',
    title: 'Calls, 32 at a time',
    candidates: ['direct', 'nginx', 'relay', 'open', 'governed', 'portkey'],
    base: 'relay',
    script: 'bench/load.ts',
    connections: 32,
    body: 'json',
    unit: 'request',
    bars: [
      { text: 'CPU of governed to relay', value: cpu('governed', 'relay'), atMost: 1.6 },
      { text: 'requests/s of governed to portkey', value: ratio(rate, 'governed', 'portkey'), atLeast: 6 },
    ],
  },
  {
    name: 'alone',
    title: 'Calls, one at a time',
    candidates: ['direct', 'relay', 'governed', 'portkey'],
    base: 'relay',
    script: 'bench/load.ts',
    connections: 1,
    body: 'json',
    unit: 'request',
    bars: [{ text: 'time added at the median, governed to portkey', value: added('governed', 'portkey'), atMost: 0.5 }],
  },
  {
    name: 'rules',
    title: 'Calls under 50 and 10,000 rules, of which 21 could match',
    candidates: ['governed', 'governed-10k'],
    base: 'governed',
    script: 'bench/load.ts',
    connections: 32,
    body: 'json',
    unit: 'request',
    bars: [{ text: 'CPU with 10,000 rules to 50', value: cpu('governed-10k', 'governed'), atMost: 1.2 }],
  },
  {
    name: 'depth',
    title: 'Calls in runs, 1, 3 and 8 below their root, with budgets of each run and of the tree',
    candidates: ['depth-1', 'depth-3', 'depth-8'],
    base: 'depth-1',
    script: 'bench/load.ts',
    connections: 32,
    body: 'json',
    unit: 'request',
    bars: [{ text: 'CPU at depth 8 to depth 1', value: cpu('depth-8', 'depth-1'), atMost: 1.3 }],
  },
  {
    name: 'events',
    title: 'Streams, 50 at a time, an event every 5 ms',
    candidates: ['direct', 'nginx', 'governed', 'portkey'],
    base: 'nginx',
    script: 'bench/paced.ts',
    connections: 50,
    body: 'paced',
    unit: 'event',
    bars: [{ text: 'CPU an event, governed to nginx', value: cpu('governed', 'nginx'), atMost: 2.5 }],
  },
];

/** Streams that are open and silent: how many, and what one may cost the process in kilobytes. */
export const HELD = { candidates: ['nginx', 'governed', 'portkey'], streams: 1_000, atMost: 45 } as const;

/** Live runs in the store: what they may cost a call, as a ratio to few, and what each may take of Redis in bytes. */
export const RUNS = { few: 100, many: 100_000, quick: 3_000, atMost: 1.05, bytesAtMost: 2_048 } as const;

/** Kills of a tree with open streams on two processes: the time to the last stream's end. */
export const KILL = { kills: 100, streams: 200, quick: { kills: 3, streams: 40 }, atMostMs: 2_000 } as const;

function rate({ requests, seconds }: Sample): number {
  return requests / seconds;
}

function cpu(name: Name, base: Name): Bar['value'] {
  return ratio(({ cpuMicros }) => cpuMicros, name, base);
}

function ratio(of: (sample: Sample) => number, name: Name, base: Name): Bar['value'] {
  return (round) => {
    const [one, other] = [round.get(name), round.get(base)];
    return one && other ? of(one) / of(other) : NaN;
  };
}

/** What each adds to the upstream's own time. */
function added(name: Name, base: Name): Bar['value'] {
  return (round) => {
    const nothing = round.get('direct')?.p50Ms ?? NaN;
    return ((round.get(name)?.p50Ms ?? NaN) - nothing) / ((round.get(base)?.p50Ms ?? NaN) - nothing);
  };
}
