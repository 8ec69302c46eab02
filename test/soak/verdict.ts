// What a run has to have shown. Each line says what was expected and what came.
import type { Audited, Ledger } from './ledger.ts';
import type { Load } from './load.ts';
import type { Sample } from './sampler.ts';
import { median, type Slope, slopeOf } from './slope.ts';

export interface Verdict {
  readonly ok: boolean;
  readonly text: string;
}

/** Megabytes an hour. */
const HEAP_SLOPE_MAX = 1;
const RSS_GROWTH_MAX = 1.15;
/** Connections to upstreams that come and go. */
const FILES_SPARE = 16;
/** Of 1,000 calls; 10 meet a fault, and some of these need no more than a second try. */
const WRONG_MAX = 15;

const MINUTE = 60;

/** One sample a minute: the median of each figure, so that neighbours do not hang together. */
export function byMinute(samples: readonly Sample[]): readonly Sample[] {
  const minutes = Map.groupBy(samples, ({ seconds }) => Math.floor(seconds / MINUTE));
  return [...minutes.values()].map((some) => {
    const of = (figure: keyof Sample): number => median(some.map((sample) => sample[figure]));
    return {
      seconds: of('seconds'),
      calls: Math.max(...some.map(({ calls }) => calls)),
      heap: of('heap'),
      external: of('external'),
      rss: of('rss'),
      files: of('files'),
      handles: of('handles'),
      delayP99: of('delayP99'),
      delayMax: Math.max(...some.map(({ delayMax }) => delayMax)),
    };
  });
}

/** Heap over hours. */
export function heapSlope(samples: readonly Sample[]): Slope {
  return slopeOf(samples.map(({ seconds, heap }) => [seconds / 3_600, heap] as const));
}

/** Of the samples after warm-up, one a minute. */
export function judgeMemory(minutes: readonly Sample[], before: Sample, after: Sample): readonly Verdict[] {
  const { perUnit, within } = heapSlope(minutes);
  const [first] = minutes;
  const start = first?.rss ?? NaN;
  return [
    {
      ok: perUnit + within <= HEAP_SLOPE_MAX,
      text: `heap surely grows by at most ${HEAP_SLOPE_MAX} MB/h: ${perUnit.toFixed(2)} ± ${within.toFixed(2)} (95 %, ${minutes.length} minutes)`,
    },
    {
      ok: after.rss <= start * RSS_GROWTH_MAX,
      text: `RSS ends within 15 % of what it was after warm-up, ${start.toFixed(0)} MB: ${after.rss.toFixed(0)} MB`,
    },
    {
      ok: after.files <= before.files + FILES_SPARE,
      text: `open files come back to ${before.files}: ${after.files}`,
    },
    {
      ok: after.handles <= before.handles + FILES_SPARE,
      text: `timers and sockets come back to ${before.handles}: ${after.handles}`,
    },
  ];
}

export function judgeCalls({ calls, hung, tallies }: Load): readonly Verdict[] {
  const wrong = [...tallies].flatMap(([name, tally]) =>
    [...tally.wrong].map(([what, count]) => ({ name, what, count })),
  );
  const count = wrong.reduce((sum, one) => sum + one.count, 0);
  const shown = wrong.map(({ name, what, count: times }) => `${name} ${what} ×${times}`).join(', ');
  // A short run may not come to the rarest.
  const never = [...tallies].filter(([, { made, right }]) => made > 0 && right === 0).map(([name]) => name);
  return [
    { ok: hung.length === 0, text: `no call hangs: ${hung[0] ?? 'none did'}` },
    {
      ok: count <= (calls * WRONG_MAX) / 1_000,
      text: `at most ${WRONG_MAX} of 1,000 calls are spoilt by faults: ${((1_000 * count) / calls).toFixed(1)} (${shown || 'none'})`,
    },
    { ok: never.length === 0, text: `no kind of call is always answered wrongly: ${never.join(', ') || 'none is'}` },
  ];
}

export function judgeBooks(
  ledger: Ledger,
  audited: Audited,
  proof: { readonly code: number | null; readonly words: string },
): readonly Verdict[] {
  const [booked, recorded] = [ledger.settled, audited.spent].map((spent) => JSON.stringify(sorted(spent)));
  return [
    { ok: proof.code === 0, text: `\`waygate audit verify\` finds nothing: ${proof.words}` },
    {
      ok: audited.open === 0,
      text: `every permitted call has an outcome: ${audited.calls} have, ${audited.open} have none`,
    },
    {
      ok: ledger.leases === 0 && Object.keys(ledger.held).length === 0,
      text: `nothing is reserved any more: ${ledger.leases} leases, ${JSON.stringify(ledger.held)}`,
    },
    {
      ok: booked === recorded,
      text: `the ledger has settled what the audit says: ${booked}${booked === recorded ? '' : ` but ${recorded}`}`,
    },
  ];
}

function sorted<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
