/**
 * May it? All policies that apply, together: deny before hold before allow, and no where nothing allows.
 * INVARIANT: what cannot be evaluated counts against the caller.
 * INVARIANT: a policy in shadow mode, and each while the gateway observes, changes nothing but `shadow`.
 * INVARIANT: the order of files and of rules changes nothing.
 */
import type { AccessRequest, Action } from '../core/access.ts';
import type { ApprovalTerms } from '../core/approval.ts';
import type { Decision, Obligation, Permit, ShadowDecision } from '../core/decision.ts';
import { mergeTerms } from './compile-approval.ts';
import { boundsOf, countedOf, quotasOf } from './permit-limits.ts';
import type { PolicySet } from './policy-set.ts';
import { defaultReason, refusalReason, rolelessReason } from './reason.ts';
import { type Hit, weigh } from './weigh.ts';

/** Stands for the deciding rule where none allowed. */
export const DEFAULT_DENY = 'default-deny';
/** Stands for the deciding rule where none spoke on what a client ran by itself, and so only was seen. */
export const DEFAULT_PERMIT = 'default-permit';
/** Stands for the deciding rule where a refusal was only recorded. */
export const OBSERVED = 'observe';

const LISTING: ReadonlySet<Action> = new Set(['model.list', 'tool.list']);
const NARROW: readonly Obligation[] = Object.freeze([{ kind: 'narrow' }]);
const NONE: readonly Obligation[] = Object.freeze([]);

/** What is refused, and for a hold what it asks for. */
interface Refused extends ShadowDecision {
  readonly terms?: ApprovalTerms;
}

export function decide(set: PolicySet, request: AccessRequest): Decision {
  const { caller, enforced, shadow, facts, counts } = weigh(set, request);
  const { revision, enforcement } = set;
  const refused = refusal(enforced, request);
  const shadowed = refusalBy('deny', shadow, request) ?? refusalBy('hold', shadow, request);
  const isRefused = refused !== undefined && enforcement === 'enforce';
  if (isRefused && !refused.terms) return { ...refused, revision, facts, shadow: shadowed };
  const passing = enforced.filter(({ effect }) => effect === 'allow' || effect === 'hold');
  const permit: Permit = {
    effect: 'permit',
    rules: refused && !isRefused ? [OBSERVED] : idsOf(passing, [DEFAULT_PERMIT]),
    revision,
    facts,
    shadow: isRefused ? shadowed : (shadowOf(refused) ?? shadowed),
    obligations: obligationsOf(passing, request),
    quotas: quotasOf(set, request, caller),
    bounds: boundsOf(set, request, caller),
    counts,
    counted: countedOf(set, request),
  };
  if (!isRefused || !refused.terms) return permit;
  const { terms, ...told } = refused;
  return { ...told, revision, facts, shadow: shadowed, held: { terms, permit } };
}

/** All that the rules which let a call pass ask for, together. */
function obligationsOf(passing: readonly Hit[], { action }: AccessRequest): readonly Obligation[] {
  const usual = LISTING.has(action) ? NARROW : NONE;
  if (!passing.some(({ rule }) => rule.obligations.length > 0)) return usual;
  return [...usual, ...onceJournaled(passing.flatMap(({ rule }) => rule.obligations))];
}

/** A call is recorded once, and taken back once: as the first rule by its id says that knows how. */
export function onceJournaled(obligations: readonly Obligation[]): Obligation[] {
  const journals = obligations
    .filter((obligation) => obligation.kind === 'journal')
    .sort((one, other) => (one.rule < other.rule ? -1 : 1));
  const kept = journals.find(({ undo }) => undo !== undefined) ?? journals[0];
  return obligations.filter((obligation) => obligation.kind !== 'journal' || obligation === kept);
}

/** What the hits refuse, or undefined where they permit. */
function refusal(hits: readonly Hit[], request: AccessRequest): Refused | undefined {
  const denied = refusalBy('deny', hits, request);
  if (denied) return denied;
  // A hold suspends what some rule allows; alone it is not even that. What a client ran by itself needs no leave.
  if (request.action === 'tool.local' || hitsOf('allow', hits).length > 0) return heldBy(hits, request);
  return { effect: 'deny', rules: [DEFAULT_DENY], reason: defaultReason(hitsOf('none', hits), request) };
}

/** What the holds ask for together; a deny where nobody may give it. */
function heldBy(hits: readonly Hit[], request: AccessRequest): Refused | undefined {
  const held = refusalBy('hold', hits, request);
  if (!held) return undefined;
  const terms = mergeTerms(hitsOf('hold', hits).map(({ rule }) => rule.terms as ApprovalTerms));
  if (terms.roles.length > 0) return { ...held, terms };
  return { effect: 'deny', rules: held.rules, reason: rolelessReason(terms.rules, request) };
}

function refusalBy(effect: 'deny' | 'hold', hits: readonly Hit[], request: AccessRequest): ShadowDecision | undefined {
  const refusing = hitsOf(effect, hits);
  const [first] = refusing;
  return first && { effect, rules: idsOf(refusing), reason: refusalReason(first, request) };
}

function shadowOf(refused: Refused | undefined): ShadowDecision | undefined {
  if (!refused) return undefined;
  const { effect, rules, reason } = refused;
  return { effect, rules, reason };
}

function hitsOf(effect: Hit['effect'], hits: readonly Hit[]): readonly Hit[] {
  return hits.filter((hit) => hit.effect === effect);
}

function idsOf(hits: readonly Hit[], usual: string[] = []): string[] {
  return hits.length > 0 ? hits.map(({ rule }) => rule.id) : usual;
}
