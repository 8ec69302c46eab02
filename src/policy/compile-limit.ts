import type { Quota, Scope, Window } from '../core/quota.ts';
import type { Spot } from '../documents/faults.ts';
import { type Amount, readBudget, readRate, readReserve, readWait, readWindow } from './amounts.ts';
import { unknownZone, zoneFormat } from './functions.ts';
import type { Enforcement, Limit, PolicyHead } from './policy-set.ts';
import { readLimitTargets } from './read-target.ts';
import type { LimitFile } from './schema.ts';
import { readScopes, isOfRun } from './scopes.ts';
import { countedBy } from './limit-targets.ts';
import { wordsOf } from './words.ts';

/** What is counted by itself; the parts of a `max` are compiled in compile-max.ts. */
const KINDS = ['budget', 'rate', 'concurrency'] as const;
type Kind = (typeof KINDS)[number];

export interface LimitPlace {
  readonly policy: PolicyHead;
  readonly spot: Spot;
  readonly enforcement: Enforcement;
}

interface Measure extends Amount {
  readonly window: Window;
}

/** Compiles a limit of one amount. What is wrong with it goes to its spot, and the limit is then not to be used. */
export function compileLimit(limit: LimitFile, { policy, spot, enforcement }: LimitPlace): Limit {
  const kinds = KINDS.filter((each) => limit[each] !== undefined);
  const [kind = 'concurrency'] = kinds;
  if (kinds.length !== 1) spot.fault('expected exactly one of `budget`, `rate`, `concurrency` and `max`');
  const per = readScopes(wordsOf(limit.per, spot.at('per')));
  const measure = MEASURES[kind](limit, { spot, per });
  const targets = readLimitTargets(wordsOf(limit.on, spot.at('on'))).filter(({ actions }) => actions.length > 0);
  return {
    quota: {
      id: `${policy.name}/${limit.id}`,
      kind,
      ...measure,
      per,
      enforced: isEnforced(policy, enforcement),
      ...readWaiting(limit, spot),
      ...readKept(limit, { spot, measure, per, kind }),
    },
    targets: countedBy(targets, { unit: measure.unit, per, spot }),
    policy,
  };
}

export function isEnforced({ shadow }: PolicyHead, enforcement: Enforcement): boolean {
  return !shadow && enforcement === 'enforce';
}

export function readWaiting({ wait }: LimitFile, spot: Spot): Pick<Quota, 'waitMs'> {
  if (wait === undefined) return {};
  const read = readWait(wait);
  if (typeof read === 'number') return { waitMs: read };
  spot.at('wait').fault(read.fault);
  return {};
}

interface Kept {
  readonly spot: Spot;
  readonly measure: Measure;
  readonly per: readonly Scope[];
  readonly kind: Kind;
}

/** What a run that is out of its budget may still use. */
function readKept({ reserve }: LimitFile, { spot, measure, per, kind }: Kept): Pick<Quota, 'keptForFinal'> {
  if (reserve === undefined) return {};
  const at = spot.at('reserve');
  if (kind !== 'budget' || !per.some(isOfRun))
    at.fault('`reserve` goes with a budget whose `per` names runs, e.g. `per: run.root`', { of: 'key' });
  const read = readReserve(reserve);
  if ('fault' in read) at.fault(read.fault);
  else if (read.unit !== measure.unit || read.amount >= measure.amount)
    at.fault('expected less than the budget, in its unit');
  else return { keptForFinal: read.amount };
  return {};
}

/** Stands for an amount that could not be read. */
const NOTHING: Measure = { unit: 'requests', amount: 0, window: { kind: 'none' } };

interface MeasurePlace {
  readonly spot: Spot;
  readonly per: readonly Scope[];
}

const MEASURES: Readonly<Record<Kind, (limit: LimitFile, place: MeasurePlace) => Measure>> = {
  budget: (limit, { spot, per }) => {
    const amount = readBudget(limit.budget as string);
    if ('fault' in amount) spot.at('budget').fault(amount.fault);
    const window = readBudgetWindow(limit, { spot, per });
    return 'fault' in amount || !window ? NOTHING : { ...amount, window };
  },
  rate: (limit, { spot }) => {
    const rate = readRate(limit.rate as string);
    if ('fault' in rate) spot.at('rate').fault(rate.fault);
    refuseWindow(limit, { spot, because: 'a rate says its own window' });
    return 'fault' in rate ? NOTHING : rate;
  },
  concurrency: (limit, { spot }) => {
    refuseWindow(limit, { spot, because: 'concurrency has no window' });
    return { unit: 'concurrency', amount: limit.concurrency ?? 0, window: { kind: 'none' } };
  },
};

/** Without `every`, what runs spend counts as long as they live. */
function readBudgetWindow({ every, tz }: LimitFile, { spot, per }: MeasurePlace): Window | undefined {
  const forLife = every === undefined && per.some(isOfRun);
  if (every === undefined && !forLife) spot.fault('a budget needs `every`, e.g. `every: day`, unless `per` names runs');
  const window: Window | { readonly fault: string } = forLife
    ? { kind: 'life' }
    : readWindow(every ?? 'day', tz ?? 'UTC');
  if ('fault' in window) spot.at('every').fault(window.fault);
  else if (window.kind !== 'calendar' && tz !== undefined)
    spot
      .at('tz')
      .fault(
        `\`tz\` goes with a calendar window, ${every === undefined ? 'and this budget has none' : `\`${every}\` is counted back from now`}`,
        { of: 'key' },
      );
  if (tz !== undefined && !zoneFormat(tz)) spot.at('tz').fault(unknownZone(tz));
  return 'fault' in window ? undefined : window;
}

export function refuseWindow(
  limit: LimitFile,
  { spot, because }: { readonly spot: Spot; readonly because: string },
): void {
  for (const field of ['every', 'tz'] as const)
    if (limit[field] !== undefined) spot.at(field).fault(`\`${field}\` goes with a budget, ${because}`, { of: 'key' });
}
