import { type Action, MODEL_USES, type ResourceKind } from '../core/access.ts';
import type { Scope, Unit } from '../core/quota.ts';
import type { Spot } from '../documents/faults.ts';
import { KINDS_OF } from './actions.ts';
import type { Target } from './target-index.ts';

/** Scopes that only one kind of resource has. */
const KIND_OF_SCOPE: Partial<Record<Scope, ResourceKind>> = { model: 'model', tool: 'tool' };

interface Counting {
  readonly unit: Unit;
  readonly per: readonly Scope[];
  readonly spot: Spot;
}

/** The targets without the actions that have not the unit or not all of the scopes. */
export function countedBy(named: readonly Target[], { unit, per, spot }: Counting): Target[] {
  const targets = named
    .map(({ actions, patterns }) => ({ actions: actions.filter((action) => mayCount(action, unit, per)), patterns }))
    .filter(({ actions }) => actions.length > 0);
  if (named.length > 0 && targets.length === 0)
    spot.fault('this limit never counts anything: `on`, `per` and its unit exclude each other');
  return targets;
}

function mayCount(action: Action, unit: Unit, per: readonly Scope[]): boolean {
  if (unit === 'tokens' && !MODEL_USES.has(action)) return false;
  if (unit === 'money' && !MODEL_USES.has(action) && action !== 'http.request') return false;
  return KINDS_OF[action].some((kind) => per.every((scope) => (KIND_OF_SCOPE[scope] ?? kind) === kind));
}
