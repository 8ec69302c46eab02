import { type Action, MODEL_USES, type ResourceKind } from '../core/access.ts';
import { unknownName } from '../core/nearest.ts';
import { type Quota, type Scope, SCOPES, type Window } from '../core/quota.ts';
import type { Spot } from '../documents/faults.ts';
import { KINDS_OF } from './actions.ts';
import { type Amount, readBudget, readRate, readWait, readWindow } from './amounts.ts';
import { unknownZone, zoneFormat } from './functions.ts';
import type { Enforcement, Limit, PolicyHead } from './policy-set.ts';
import { readLimitTargets } from './read-target.ts';
import type { LimitFile } from './schema.ts';
import { LATER_MESSAGE } from './vocabulary.ts';
import { type Word, wordsOf } from './words.ts';

type Kind = Quota['kind'];

const KINDS: readonly Kind[] = ['budget', 'rate', 'concurrency'];

/** Scopes that only one kind of resource has. */
const KIND_OF_SCOPE: Partial<Record<Scope, ResourceKind>> = { model: 'model', tool: 'tool' };

/** Scopes of runs, which this version does not count by. */
const RUN = /^run\b/;

export interface LimitPlace {
  readonly policy: PolicyHead;
  readonly spot: Spot;
  readonly enforcement: Enforcement;
}

interface Measure extends Amount {
  readonly window: Window;
}

/** Compiles a limit. What is wrong with it goes to its spot, and the limit is then not to be used. */
export function compileLimit(limit: LimitFile, { policy, spot, enforcement }: LimitPlace): Limit {
  if (limit.max !== undefined) spot.at('max').fault(`\`max\` ${LATER_MESSAGE}`, { of: 'key' });
  const kinds = KINDS.filter((each) => limit[each] !== undefined);
  const [kind = 'concurrency'] = kinds;
  if (kinds.length !== 1 && limit.max === undefined)
    spot.fault('expected exactly one of `budget`, `rate` and `concurrency`');
  const measure = MEASURES[kind](limit, spot);
  const per = readScopes(wordsOf(limit.per, spot.at('per')));
  const named = readLimitTargets(wordsOf(limit.on, spot.at('on'))).filter(({ actions }) => actions.length > 0);
  const targets = named
    .map(({ actions, patterns }) => ({ actions: actions.filter((action) => mayCount(action, measure, per)), patterns }))
    .filter(({ actions }) => actions.length > 0);
  if (named.length > 0 && targets.length === 0)
    spot.fault('this limit never counts anything: `on`, `per` and its unit exclude each other');
  const enforced = !policy.shadow && enforcement === 'enforce';
  const id = `${policy.name}/${limit.id}`;
  return { quota: { id, kind, ...measure, per, enforced, ...readWaiting(limit, spot) }, targets, policy };
}

function readWaiting({ wait }: LimitFile, spot: Spot): Pick<Quota, 'waitMs'> {
  if (wait === undefined) return {};
  const read = readWait(wait);
  if (typeof read === 'number') return { waitMs: read };
  spot.at('wait').fault(read.fault);
  return {};
}

/** Stands for an amount that could not be read. */
const NOTHING: Measure = { unit: 'requests', amount: 0, window: { kind: 'none' } };

const MEASURES: Readonly<Record<Kind, (limit: LimitFile, spot: Spot) => Measure>> = {
  budget: (limit, spot) => {
    const amount = readBudget(limit.budget as string);
    if ('fault' in amount) spot.at('budget').fault(amount.fault);
    const isOfRun = wordsOf(limit.per, spot).some(({ text }) => RUN.test(text));
    if (limit.every === undefined && !isOfRun) spot.fault('a budget needs `every`, e.g. `every: day`');
    const { tz = 'UTC', every = 'day' } = limit;
    const window = readWindow(every, tz);
    if ('fault' in window) spot.at('every').fault(window.fault);
    else if (window.kind !== 'calendar' && limit.tz !== undefined)
      spot.at('tz').fault(`\`tz\` goes with a calendar window, \`${every}\` is counted back from now`, { of: 'key' });
    if (!zoneFormat(tz)) spot.at('tz').fault(unknownZone(tz));
    return 'fault' in amount || 'fault' in window ? NOTHING : { ...amount, window };
  },
  rate: (limit, spot) => {
    const rate = readRate(limit.rate as string);
    if ('fault' in rate) spot.at('rate').fault(rate.fault);
    refuseWindow(limit, { spot, because: 'a rate says its own window' });
    return 'fault' in rate ? NOTHING : rate;
  },
  concurrency: (limit, spot) => {
    refuseWindow(limit, { spot, because: 'concurrency has no window' });
    return { unit: 'concurrency', amount: limit.concurrency ?? 0, window: { kind: 'none' } };
  },
};

function refuseWindow(limit: LimitFile, { spot, because }: { readonly spot: Spot; readonly because: string }): void {
  for (const field of ['every', 'tz'] as const)
    if (limit[field] !== undefined) spot.at(field).fault(`\`${field}\` goes with a budget, ${because}`, { of: 'key' });
}

function readScopes(words: readonly Word[]): readonly Scope[] {
  const scopes = new Set<Scope>();
  for (const { text, spot } of words) {
    const scope = SCOPES.find((known) => known === text);
    if (scope) scopes.add(scope);
    else spot.fault(RUN.test(text) ? `\`per: ${text}\` ${LATER_MESSAGE}` : unknownName('scope', text, SCOPES));
  }
  return scopes.size > 0 ? [...scopes].sort() : ['tenant'];
}

/** Whether an action on some resource has the unit and all of the scopes. */
function mayCount(action: Action, { unit }: Measure, per: readonly Scope[]): boolean {
  if (unit === 'tokens' && !MODEL_USES.has(action)) return false;
  if (unit === 'money' && !MODEL_USES.has(action) && action !== 'http.request') return false;
  return KINDS_OF[action].some((kind) => per.every((scope) => (KIND_OF_SCOPE[scope] ?? kind) === kind));
}
