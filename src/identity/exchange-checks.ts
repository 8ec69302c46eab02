// What a child must not be, in the order in which it is told.
import type { Principal } from '../core/principal.ts';
import { isWithin } from '../core/rights-within.ts';
import { actorLink } from './child.ts';
import { ACTORS_MAX, runOf } from './delegated.ts';
import type { ExchangeRequest } from './exchange-request.ts';
import type { DelegatedPrincipal, ExchangeTerms } from './exchange-deps.ts';
import { type OAuthProblem, problem } from './oauth-problem.ts';

/** A token that is bound to a key is shown by who has the key, also in a form. */
export function boundFault(
  { delegation }: Principal,
  what: string,
  proofKey: string | undefined,
): OAuthProblem | undefined {
  if (delegation?.proofKey === undefined || delegation.proofKey === proofKey) return undefined;
  return problem(
    'invalid_dpop_proof',
    `the ${what} token is bound to a key; send a proof of that key in the header \`DPoP\``,
  );
}

/**
 * Whether the actor may be this parent's child (against splicing a chain of tokens that have nothing to do with each
 * other): of the same tenant, of the same tree or a configured delegate, and nobody who stands above the child.
 */
export function actorFault(
  { parent, actor }: { readonly parent: Principal; readonly actor: Principal },
  { agent }: ExchangeRequest,
  terms: ExchangeTerms,
): OAuthProblem | undefined {
  const no = (text: string): OAuthProblem => problem('invalid_request', `the actor token was not accepted: ${text}`);
  if (actor.tenant !== parent.tenant) return no('it is of another tenant than the subject token');
  if (isAbove(actor, parent))
    return no('its bearer is the parent itself or stands above it; give the token of the one that is to act');
  const sharesTree = actor.delegation !== undefined && actor.delegation.path[0] === parent.delegation?.path[0];
  if (!sharesTree && (actor.delegation !== undefined || !terms.actors.includes(actor.subject)))
    return no('it is neither of the same tree of runs as the subject token, nor is its subject in `delegation.actors`');
  if (agent === undefined || actor.agent === '' || actor.agent === agent) return undefined;
  return no('it is of another agent than `agent_name`');
}

function isAbove(actor: Principal, parent: Principal): boolean {
  const own = actor.delegation && runOf(actor.delegation);
  if (own !== undefined) return parent.delegation?.path.includes(own) ?? false;
  const { subject, issuer } = actorLink(actor);
  const hasActed = parent.actors.some((link) => link.subject === subject && link.issuer === issuer);
  return hasActed || (actor.id === parent.id && actor.issuer === parent.issuer);
}

/** What the child would have that its parent has not. */
export function excessFault(
  child: DelegatedPrincipal,
  parent: Principal,
  { nowMs, terms }: { nowMs: number; terms: ExchangeTerms },
): OAuthProblem | undefined {
  const { delegation, scopes, actors, expiresAtMs } = child;
  const { path, budget } = delegation;
  const above = parent.delegation;
  const deepest = Math.min(above?.maxDepth ?? terms.depthMax, terms.depthMax);
  if (path.length - 1 > deepest)
    return problem('invalid_grant', `this run may start no others: no run may be deeper than ${deepest} in its tree`);
  if (actors.length > ACTORS_MAX)
    return problem('invalid_grant', `the chain of actors would have more than ${ACTORS_MAX} links, and is never cut`);
  if (!scopes.every((scope) => parent.scopes.includes(scope)))
    return problem('invalid_scope', 'the parent lacks a scope that was asked for; ask for no more than it has');
  if (!isWithin(delegation.rights, above?.rights))
    return problem(
      'invalid_authorization_details',
      'the rights that were asked for are more than the parent has; each needs one of the parent’s with the same or looser `actions`, `resources` and `args`',
    );
  if (expiresAtMs <= nowMs) return problem('invalid_request', 'the subject token is about to expire; get a new one');
  if (budget && above?.budget && budget.amount > above.budget.amount)
    return problem('invalid_grant', 'the budget that was asked for is more than the parent’s; ask for a part of it');
  return undefined;
}
