// Clients say by themselves which of their calls make a run, and so may begin runs without end: a budget per run alone
// would bound nothing. Each needs a ceiling beside it that no new run gets out of.
import type { Quota } from '../core/quota.ts';
import type { Fault } from '../documents/faults.ts';
import type { PolicyHead } from './policy-set.ts';
import type { LimitFile } from './schema.ts';
import { isOfRun } from './scopes.ts';

/** A limit of one amount, as it was written and as it was compiled. */
export interface StatedLimit {
  readonly policy: PolicyHead;
  readonly written: Pick<LimitFile, 'on'>;
  readonly quota: Quota;
  /** Its place among the limits of its file. */
  readonly index: number;
}

/**
 * Every budget per run of a file without a ceiling among all limits: a budget or rate of the same unit that does not count
 * by runs, over the same `on` or over everything, that binds whomever the budget binds (the same `applies`, or none) and is
 * enforced where it is.
 */
export function missingCeilings(limits: readonly StatedLimit[], all: readonly StatedLimit[]): Fault[] {
  return limits
    .filter(({ quota }) => quota.kind === 'budget' && quota.per.some(isOfRun))
    .filter((limit) => !all.some((other) => isCeiling(other, limit)))
    .map(({ index }) => ({ path: ['limits', index, 'per'], message: MISSING }));
}

const MISSING =
  'a budget per run needs a ceiling per principal beside it: a client may split its work into any number of runs; add a limit of the same unit with e.g. `every: day` and `per: subject`, for the same `on` and `applies`';

function isCeiling(other: StatedLimit, limit: StatedLimit): boolean {
  const { unit, per } = other.quota;
  if (unit !== limit.quota.unit || per.some(isOfRun)) return false;
  if (other.policy.shadow && !limit.policy.shadow) return false;
  const applies = other.policy.applies?.source;
  return (
    (applies === undefined || applies === limit.policy.applies?.source) && isAsWide(other.written.on, limit.written.on)
  );
}

function isAsWide(on: LimitFile['on'], other: LimitFile['on']): boolean {
  return on === undefined || (other !== undefined && textOf(on) === textOf(other));
}

function textOf(on: string | readonly string[]): string {
  return [on].flat().sort().join(' ');
}
