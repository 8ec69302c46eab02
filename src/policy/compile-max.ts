// `max`: what a run, or the tree that it stands in, may come to. Some of it is counted and so becomes quotas; the rest are
// bounds that the run of a call is held to.
import type { TreeBound } from '../core/decision.ts';
import type { Quota } from '../core/quota.ts';
import type { Spot } from '../documents/faults.ts';
import { readSpan } from './amounts.ts';
import { isEnforced, type LimitPlace, readWaiting, refuseWindow } from './compile-limit.ts';
import type { Bound, Limit } from './policy-set.ts';
import { readLimitTargets } from './read-target.ts';
import type { LimitFile, MaxFile } from './schema.ts';
import { isOfRun, readScopes, RUN_SCOPES } from './scopes.ts';
import type { Target } from './target-index.ts';
import { wordsOf } from './words.ts';

export interface CompiledMax {
  readonly limits: readonly Limit[];
  readonly bounds: readonly Bound[];
}

type CountedPart = Pick<Quota, 'kind' | 'unit' | 'window'> & { readonly field: 'children' | 'steps' | 'concurrency' };

const COUNTED: readonly CountedPart[] = [
  { field: 'steps', kind: 'steps', unit: 'requests', window: { kind: 'life' } },
  { field: 'children', kind: 'children', unit: 'runs', window: { kind: 'life' } },
  { field: 'concurrency', kind: 'concurrency', unit: 'concurrency', window: { kind: 'none' } },
];

/** Compiles a limit with a `max`. What is wrong with it goes to its spot, and the limit is then not to be used. */
export function compileMax(limit: LimitFile, max: MaxFile, { policy, spot, enforcement }: LimitPlace): CompiledMax {
  if (Object.keys(max).length === 0)
    spot.at('max').fault('expected at least one of `depth`, `children`, `steps` and so on');
  refuseFields(limit, max, spot);
  const head = { id: `${policy.name}/${limit.id}`, enforced: isEnforced(policy, enforcement) };
  const targets = readLimitTargets(wordsOf(limit.on, spot.at('on'))).filter(({ actions }) => actions.length > 0);
  const per = readRunScope(limit, spot);
  const waiting = readWaiting(limit, spot);
  const limits = COUNTED.flatMap(({ field, ...kind }): Limit[] => {
    const amount = max[field];
    if (amount === undefined) return [];
    const quota = { ...head, ...kind, amount, per, ...(field === 'concurrency' && waiting) };
    return [{ quota, targets: field === 'children' ? ALL : targets, policy }];
  });
  const bounds = [
    { bound: { ...head, ...readReach(max, spot) }, targets: ALL, policy },
    { bound: { ...head, ...(max.repeats !== undefined && { repeats: max.repeats }) }, targets, policy },
  ];
  return { limits, bounds: bounds.filter(({ bound }) => Object.keys(bound).length > Object.keys(head).length) };
}

/** Whatever a run does, it is as deep and as old as it is, and has the runs below it that it has. */
const ALL: readonly Target[] = readLimitTargets([]);

function readReach(max: MaxFile, spot: Spot): Pick<TreeBound, 'depth' | 'durationMs' | 'idleMs'> {
  const { depth } = max;
  const [durationMs, idleMs] = (['duration', 'idle'] as const).map((field) => {
    const text = max[field];
    const ms = text === undefined ? undefined : readSpan(text);
    if (typeof ms === 'object') spot.at('max', field).fault(ms.fault);
    return ms;
  });
  return {
    ...(depth !== undefined && { depth }),
    ...(typeof durationMs === 'number' && { durationMs }),
    ...(typeof idleMs === 'number' && { idleMs }),
  };
}

/** Fields that would have no effect beside this `max`. */
function refuseFields(limit: LimitFile, max: MaxFile, spot: Spot): void {
  for (const kind of ['budget', 'rate', 'concurrency'] as const)
    if (limit[kind] !== undefined)
      spot.at(kind).fault(`\`${kind}\` is a limit of its own, beside this one`, { of: 'key' });
  refuseWindow(limit, { spot, because: 'a `max` counts as long as its runs live' });
  const needs = (
    field: 'per' | 'on' | 'wait' | 'reserve',
    parts: readonly (keyof MaxFile)[],
    message: string,
  ): void => {
    if (limit[field] !== undefined && !parts.some((part) => max[part] !== undefined))
      spot.at(field).fault(message, { of: 'key' });
  };
  needs('per', ['steps', 'children', 'concurrency'], '`per` goes with `steps`, `children` or `concurrency`');
  needs('on', ['steps', 'concurrency', 'repeats'], '`on` goes with `steps`, `concurrency` or `repeats`');
  needs('wait', ['concurrency'], '`wait` goes with `concurrency`: for the rest nothing is gained by waiting');
  needs('reserve', [], '`reserve` goes with a `budget`');
}

function readRunScope(limit: LimitFile, spot: Spot): Quota['per'] {
  const words = wordsOf(limit.per, spot.at('per'));
  const per = readScopes(words, 'run.root');
  for (const word of words)
    if (per.some((scope) => scope === word.text && !isOfRun(scope)))
      word.spot.fault(`a \`max\` is for runs: expected one of ${RUN_SCOPES.map((scope) => `\`${scope}\``).join(', ')}`);
  return per;
}
