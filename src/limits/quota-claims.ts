// From the quotas of a permit to the claims on the ledger. What does not change with the call is prepared once.
import { type AccessRequest, MODEL_USES, type Resource, type ResourceKind } from '../core/access.ts';
import type { PermittedCall } from '../core/call.ts';
import type { Permit } from '../core/decision.ts';
import type { Principal } from '../core/principal.ts';
import type { RunId } from '../core/ids.ts';
import type { Quota, Scope, Unit } from '../core/quota.ts';
import type { Run } from '../core/run.ts';
import type { Charge } from '../core/usage.ts';
import { allotmentClaim, allotmentQuota } from './allotment.ts';
import { calendar } from './calendar.ts';
import { escapedName } from '../core/store-keys.ts';
import { FREE_ACTIONS } from './run-admission.ts';
import type { Claim, StoreWindow } from './store.ts';

/** One quota that applies to a call, and what the call claims of it. */
export interface QuotaClaim {
  readonly quota: Quota;
  readonly claim: Claim;
  /** The candidates of the call that it is for, where there are several. */
  readonly of?: readonly PermittedCall[];
  /** The run that it is counted by, for a quota that counts by runs. */
  readonly run?: RunId;
}

/** As much of a permitted call as its claims depend on. */
export interface Claimant {
  readonly access: Pick<AccessRequest, 'action' | 'resource'> & {
    readonly principal: Pick<Principal, 'tenant' | 'subject' | 'agent' | 'delegation'>;
    readonly run: Pick<Run, 'root' | 'path'>;
    readonly isFinal?: boolean;
  };
  readonly decision: Pick<Permit, 'quotas'>;
}

export interface Asking {
  /** The worst that the call may use. */
  readonly quote: Charge;
  readonly nowMs: number;
}

interface Prepared {
  /** Names the counters of the quota; another unit or calendar begins at zero. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Which runs of the path it counts by; undefined where it does not count by runs. */
  readonly runs: RunScope | undefined;
  readonly windowAt: (ms: number) => StoreWindow;
}

const RUN_SCOPES = ['run', 'run.root', 'run.parent'] as const satisfies readonly Scope[];
type RunScope = (typeof RUN_SCOPES)[number];

const prepared = new WeakMap<Quota, Prepared>();

/**
 * Prepares a quota, as its first call would otherwise do. Throws a `RangeError` for an amount that is not a safe integer
 * or a time zone that does not exist: a bug in what compiled the policy, which has to refuse both.
 */
export function prepareQuota(quota: Quota): Prepared {
  const known = prepared.get(quota);
  if (known) return known;
  const { id, unit, amount, window } = quota;
  if (!isAmount(amount)) throw new RangeError(`bug: limit \`${id}\` has the amount ${amount}, not a safe integer`);
  const made: Prepared = {
    name: window.kind === 'calendar' ? `${id}:${unit}:${window.every}@${window.timezone}` : `${id}:${unit}`,
    scopes: quota.per.filter((scope) => scope !== 'tenant' && !RUN_SCOPES.some((one) => one === scope)),
    runs: RUN_SCOPES.find((scope) => quota.per.includes(scope)),
    windowAt: window.kind === 'calendar' ? calendar(window.every, window.timezone) : () => window,
  };
  prepared.set(quota, made);
  return made;
}

/**
 * What a call claims, in the order of its quotas, of those that apply to it: of one that counts by runs, for each run above
 * it. Last, what it takes of the money that was set aside for its run.
 */
export function claimsOf({ access, decision }: Claimant, { quote, nowMs }: Asking): readonly QuotaClaim[] {
  const claims: QuotaClaim[] = [];
  for (const quota of decision.quotas) {
    if (!appliesTo(quota, access, quote)) continue;
    const { name, scopes, runs, windowAt } = prepareQuota(quota);
    const key = keyOf(name, scopes, access);
    if (key === undefined) continue;
    const { unit, amount, enforced, keptForFinal = 0 } = quota;
    const ask = askOf(unit, quote);
    const limit = access.isFinal === true ? amount : amount - keptForFinal;
    const claim = { key, unit, ask, limit, window: windowAt(nowMs), enforced, mode: MODES[unit] };
    if (!runs) claims.push({ quota, claim });
    else
      for (const run of runsOf(quota, runs, access.run))
        claims.push({ quota, claim: { ...claim, key: `${key}:run=${run}` }, run });
  }
  const budget = access.principal.delegation?.budget;
  const allotment = budget && allotmentQuota(budget);
  if (allotment && appliesTo(allotment, access, quote)) {
    const claim = allotmentClaim(budget, askOf('money', quote));
    claims.push({ quota: allotment, claim, run: budget.run });
  }
  return claims;
}

function askOf(unit: Unit, quote: Charge): number {
  const ask = CHARGED[unit](quote);
  if (isAmount(ask)) return ask;
  throw new RangeError(`bug: the call asks for ${ask} ${unit}, not a safe integer`);
}

/** The runs of a path that a quota counts by: a limit of one run binds all below it. */
function runsOf({ kind }: Quota, scope: RunScope, { root, path }: Pick<Run, 'root' | 'path'>): readonly RunId[] {
  const above = path.slice(0, -1);
  // A root is born below nobody.
  if (kind === 'children' && above.length === 0) return [];
  if (scope === 'run.root') return [root];
  if (kind === 'children' && scope === 'run.parent') return above.slice(-1);
  return kind === 'children' || scope === 'run.parent' ? above : path;
}

const MODES: Readonly<Record<Unit, Claim['mode']>> = {
  requests: 'spend',
  tokens: 'hold',
  money: 'hold',
  concurrency: 'hold',
  runs: 'birth',
};

/** What to book for a claim; what it asked, where the charge is no amount. */
export function bookedFor({ unit, ask }: Pick<Claim, 'unit' | 'ask'>, charge: Charge): number {
  const used = CHARGED[unit](charge);
  return isAmount(used) ? used : ask;
}

/** What a scope is for one request: the name that counts apart, or undefined where the request has none. */
export function scopeOf(scope: Scope, access: Claimant['access']): string | undefined {
  return NAMES[scope](access);
}

const NAMES: Readonly<Record<Scope, (access: Claimant['access']) => string | undefined>> = {
  tenant: ({ principal }) => principal.tenant,
  subject: ({ principal }) => principal.subject,
  agent: ({ principal }) => principal.agent,
  upstream: ({ resource }) => resource.upstream,
  // A batch that nobody can read is of no known model: it counts as one of its own.
  model: ({ action, resource }) =>
    action === 'model.batch' ? `${resource.upstream}/${resource.name}` : nameOf('model', resource),
  tool: ({ resource }) => nameOf('tool', resource),
  run: ({ run }) => run.path.at(-1),
  'run.root': ({ run }) => run.root,
  'run.parent': ({ run }) => run.path.at(-2),
};

/** `upstream/name`; undefined for another kind of resource, and for a list, which has no name. */
function nameOf(kind: ResourceKind, resource: Resource): string | undefined {
  return resource.kind === kind && resource.name !== '' ? `${resource.upstream}/${resource.name}` : undefined;
}

function keyOf(name: string, scopes: readonly Scope[], access: Claimant['access']): string | undefined {
  let key = name;
  for (const scope of scopes) {
    const value = scopeOf(scope, access);
    if (value === undefined) return undefined;
    key += `:${scope}=${escapedName(value)}`;
  }
  return key;
}

function appliesTo({ kind, unit }: Quota, { action }: Claimant['access'], quote: Charge): boolean {
  // What is listed or counted is no step, and no run begins with it.
  if ((kind === 'steps' || kind === 'children') && FREE_ACTIONS.has(action)) return false;
  if ((unit !== 'tokens' && unit !== 'money') || MODEL_USES.has(action)) return true;
  // A request that costs nothing needs no room in a budget.
  return unit === 'money' && action === 'http.request' && quote.money > 0;
}

const CHARGED: Readonly<Record<Unit, (charge: Charge) => number>> = {
  tokens: ({ tokens }) => tokens,
  money: ({ money }) => money,
  requests: () => 1,
  concurrency: () => 1,
  runs: () => 1,
};

function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
