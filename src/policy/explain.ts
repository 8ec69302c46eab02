/** Every rule and limit that there is, what it says on one request, and why. For people: it takes its time. */
import { type AccessRequest, formatResource } from '../core/access.ts';
import type { Decision } from '../core/decision.ts';
import type { Quota } from '../core/quota.ts';
import { Bindings } from './bindings.ts';
import { decide } from './decide.ts';
import { formatBound, permitLines } from './explain-permit.ts';
import type { Caller, Effect, PolicyHead, PolicySet, Rule, Standing } from './policy-set.ts';
import { matchesTarget, type Targeted } from './target-index.ts';
import { decisiveParts } from './trace.ts';
import { APPLIES_FAILED, askRule } from './weigh.ts';

/**
 * `decides`: the decision names it. `outranked`: it matches, but another effect is stronger. `shadow`: it is named in what
 * would have been refused. `silent`: it does not match, or has no say.
 */
export type Say = 'decides' | 'outranked' | 'shadow' | 'silent';

export interface RuleExplanation {
  readonly id: string;
  readonly effect: Effect;
  readonly say: Say;
  readonly why: string;
}

export interface LimitExplanation {
  readonly id: string;
  readonly counts: boolean;
  readonly why: string;
}

export interface Explanation {
  readonly request: AccessRequest;
  readonly decision: Decision;
  readonly rules: readonly RuleExplanation[];
  readonly limits: readonly LimitExplanation[];
}

interface Seen {
  readonly request: AccessRequest;
  readonly decision: Decision;
  readonly caller: Caller;
  readonly bindings: Bindings;
}

export function explain(set: PolicySet, request: AccessRequest): Explanation {
  const caller = set.callerOf(request.principal);
  const seen = { request, decision: decide(set, request), caller, bindings: new Bindings(request, caller.value) };
  return {
    request,
    decision: seen.decision,
    rules: set.policies.flatMap(({ rules }) => rules.map((rule) => explainRule(rule, seen))),
    limits: set.policies.flatMap(({ limits, bounds }) => [
      ...limits.map((limit) => explainLimit(limit, { id: limit.quota.id, why: whyCounted(limit.quota), seen })),
      ...bounds.map((bound) =>
        explainLimit(bound, { id: bound.bound.id, why: `it binds the run: ${formatBound(bound.bound)}`, seen }),
      ),
    ]),
  };
}

/** The decision, then a line for each rule and limit. */
export function formatExplanation({ request, decision, rules, limits }: Explanation): string {
  const { effect, revision, shadow } = decision;
  const lines = [
    `${effect}: \`${request.action}\` on \`${formatResource(request.resource)}\``,
    `by ${decision.rules.join(', ')}, revision ${revision}`,
  ];
  if (decision.effect !== 'permit') lines.push(decision.reason);
  lines.push(...permitLines(decision));
  if (shadow) lines.push(`only recorded: ${shadow.effect} by ${shadow.rules.join(', ')}: ${shadow.reason}`);
  const row = (say: string, what: string, why: string): string => `  ${say.padEnd(11)}${what}: ${why}`;
  for (const rule of rules) lines.push(row(rule.say, `${rule.effect} ${rule.id}`, rule.why));
  for (const { id, counts, why } of limits) lines.push(row(counts ? 'counts' : 'silent', `limit ${id}`, why));
  return lines.join('\n');
}

interface LimitPart {
  readonly id: string;
  /** What it does where nothing keeps it from it. */
  readonly why: string;
  readonly seen: Seen;
}

function explainLimit(
  limit: Targeted & { readonly policy: PolicyHead },
  { id, why, seen }: LimitPart,
): LimitExplanation {
  const miss = missOf(limit, seen);
  return { id, counts: miss === undefined, why: miss ?? why };
}

function whyCounted({ kind, window }: Quota): string {
  if (kind === 'children') return 'it counts the runs that begin';
  return window.kind === 'life' ? 'it counts this request as long as its runs live' : 'it counts this request';
}

function explainRule(rule: Rule, seen: Seen): RuleExplanation {
  const { id, effect, policy, when } = rule;
  const miss = missOf(rule, seen);
  if (miss !== undefined) return { id, effect, say: 'silent', why: miss };
  if (policy.shadow && effect === 'allow')
    return { id, effect, say: 'silent', why: 'in shadow mode an allow grants nothing' };
  const hit = askRule(rule, standingOf(policy, seen), seen.bindings);
  const say = hit && hit.effect !== 'none' ? sayOf(id, seen.decision) : 'silent';
  if (hit?.failure === APPLIES_FAILED) return { id, effect, say, why: APPLIES_FAILED };
  return { id, effect, say, why: when ? decisiveParts(seen.bindings.trace(when)).join(', ') : 'it has no condition' };
}

function sayOf(id: string, { rules, shadow }: Decision): Say {
  if (rules.includes(id)) return 'decides';
  return shadow?.rules.includes(id) ? 'shadow' : 'outranked';
}

function standingOf({ position }: PolicyHead, { caller }: Seen): Standing {
  return caller.standings[position] as Standing;
}

/** Why a rule or limit is not asked at all, or undefined where it is. */
function missOf(item: Targeted & { readonly policy: PolicyHead }, seen: Seen): string | undefined {
  const { action, resource } = seen.request;
  const { applies } = item.policy;
  if (applies && standingOf(item.policy, seen) === 'out')
    return `the policy does not apply: ${decisiveParts(applies.trace(seen.caller.value)).join(', ')}`;
  const about = item.targets.filter(({ actions }) => actions.includes(action));
  if (about.length === 0) return 'the action does not match';
  if (matchesTarget(item, action, resource)) return undefined;
  const sources = about.flatMap(({ patterns }) => patterns.map(({ source }) => `\`${source}\``));
  return `the resource does not match ${sources.join(', ')}`;
}
