// Whether an admission passed its limit, by what others surely held or had spent at every moment that it can have been made at.
import type { Claim } from '../../../../src/limits/store.ts';
import type { Fate } from './fate.ts';

const SLACK_MS = 5;

export function passed(claim: Claim, fates: readonly Fate[]): readonly string[] {
  if (!claim.enforced) return [];
  const { window } = claim;
  const sure = fates
    .filter(({ isAdmitted }) => isAdmitted === 'yes')
    .map((fate) => ({ fate, claim: ownClaim(fate, claim) }));
  return window.kind === 'rolling' ? inWindow(claim, sure, window.ms) : inAll(claim, sure);
}

interface Sure {
  readonly fate: Fate;
  readonly claim: Claim;
}

function ownClaim({ claims }: Fate, { key }: Claim): Claim {
  return claims.find((one) => one.key === key) as Claim;
}

/** What is spent at the admission: all that surely came before it and within its window, and itself. */
function inWindow({ key, limit }: Claim, sure: readonly Sure[], ms: number): readonly string[] {
  const spent = sure.filter(({ claim }) => claim.mode === 'spend').sort((one, other) => latest(one) - latest(other));
  const faults: string[] = [];
  for (const { fate, claim } of spent) {
    const [from, to] = fate.admittedMs;
    let sum = claim.ask;
    for (const other of spent) {
      if (latest(other) + SLACK_MS >= from) break;
      if (other.fate.admittedMs[0] > to - ms + SLACK_MS) sum += other.claim.ask;
    }
    if (sum > limit) faults.push(`${fate.call} passed ${key}: ${sum} of ${limit} within ${ms} ms`);
  }
  return faults;
}

function latest({ fate }: Sure): number {
  return fate.admittedMs[1];
}

interface Change {
  readonly atMs: number;
  readonly by: number;
}

/** What is held until the end and, but for a count of what runs, charged from then on. */
function inAll({ key, limit }: Claim, sure: readonly Sure[]): readonly string[] {
  const changes = sure.flatMap(changesOf).sort((one, other) => one.atMs - other.atMs);
  const times = changes.map(({ atMs }) => atMs);
  let total = 0;
  const totals = changes.map(({ by }) => (total += by));
  const faults: string[] = [];
  for (const { fate, claim } of sure) {
    const [from, to] = fate.admittedMs;
    let place = firstAfter(times, from) - 1;
    let least = totals[place] ?? 0;
    for (place += 1; place < times.length && (times[place] as number) <= to; place += 1)
      least = Math.min(least, totals[place] as number);
    if (least + claim.ask > limit) faults.push(`${fate.call} passed ${key}: ${least} and ${claim.ask} of ${limit}`);
  }
  return faults;
}

/** What a call surely adds to its counter, and when. */
function changesOf({ fate, claim }: Sure): readonly Change[] {
  const { operations, charges, claims, admittedMs, lapsesMs } = fate;
  const ends = operations.filter(({ asked }) => asked.kind === 'settle' || asked.kind === 'release');
  const counts = claim.window.kind === 'calendar';
  const lapsedMs = counts ? Infinity : lapsesMs[0];
  const endsMs = Math.min(lapsedMs, ...ends.map(({ invokedMs }) => invokedMs));
  const endedMs = Math.max(...ends.map(({ completedMs }) => completedMs));
  const charged = counts ? Math.min(...(charges[claims.indexOf(claim)] ?? [0])) : 0;
  const between = Math.min(claim.ask, charged);
  const beganMs = admittedMs[1] + SLACK_MS;
  if (endsMs - SLACK_MS <= beganMs)
    return endedMs < Infinity ? [{ atMs: Math.max(beganMs, endedMs + SLACK_MS), by: charged }] : [];
  return [
    { atMs: beganMs, by: claim.ask },
    { atMs: endsMs - SLACK_MS, by: between - claim.ask },
    { atMs: endedMs + SLACK_MS, by: charged - between },
  ].filter(({ atMs, by }) => atMs < Infinity && by !== 0);
}

/** The first place with a time later than this one. */
function firstAfter(times: readonly number[], ms: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
