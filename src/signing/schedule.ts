/** How long a key signs, and how long it verifies once another has taken its place; both in milliseconds. */
export interface Rotation {
  readonly rotateMs: number;
  /** No less than the longest life of what it signed. */
  readonly keepMs: number;
}

interface Scheduled {
  /** When it begins to sign, in milliseconds since the epoch. */
  readonly fromMs: number;
}

/** A key is published this long before it signs, so that whoever caches the set of keys has it by then. */
const AHEAD_MS = 600_000;

/** The key that signs now: the last one whose time has come, else the first to come (clocks differ). */
export function currentOf<Key extends Scheduled>(keys: readonly Key[], nowMs: number): Key | undefined {
  const sorted = byTime(keys);
  return sorted.findLast(({ fromMs }) => fromMs <= nowMs) ?? sorted[0];
}

/** The keys that still have a part to play, and when the keys that are missing are to begin. */
export function turned<Key extends Scheduled>(
  keys: readonly Key[],
  nowMs: number,
  { rotateMs, keepMs }: Rotation,
): { readonly kept: readonly Key[]; readonly missing: readonly number[] } {
  const kept = byTime(keys).filter((_, index, sorted) => {
    const next = sorted[index + 1];
    return !next || next.fromMs + keepMs > nowMs;
  });
  const current = currentOf(kept, nowMs);
  if (!current) return { kept, missing: [nowMs, nowMs + rotateMs] };
  if (kept.some(({ fromMs }) => fromMs > nowMs)) return { kept, missing: [] };
  return { kept, missing: [Math.max(current.fromMs + rotateMs, nowMs + AHEAD_MS)] };
}

function byTime<Key extends Scheduled>(keys: readonly Key[]): readonly Key[] {
  return keys.toSorted((one, other) => one.fromMs - other.fromMs);
}
