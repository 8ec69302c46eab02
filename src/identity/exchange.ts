/**
 * Token exchange (RFC 8693): a parent's token becomes that of a child, which can do, spend and outlive no more.
 * INVARIANT: nothing is carved, opened or handed out before every check has passed and the policies have permitted the spawn.
 */
import type { AccessRequest } from '../core/access.ts';
import type { Principal } from '../core/principal.ts';
import { outsideRights, TOKEN_RIGHTS } from '../core/rights-cover.ts';
import { childOf } from './child.ts';
import { claimsOf } from './delegated.ts';
import { excessFault } from './exchange-checks.ts';
import type { DelegatedPrincipal, ExchangeDeps, NewRun } from './exchange-deps.ts';
import { ACCESS_TOKEN, type ExchangeRequest, readExchange, RUN_KEY } from './exchange-request.ts';
import type { Form } from './form.ts';
import {
  type OAuthProblem,
  type OAuthReply,
  type Outcome,
  problem,
  problemOf,
  refusalReply,
  refuse,
} from './oauth-problem.ts';
import { OWN_TOKEN_BYTES } from './own-issuer.ts';
import { type Believed, parentage } from './parents.ts';
import { storeAnswer } from './refusals.ts';
import { detailsOf } from './rights-details.ts';
import { newRunKey } from './run-key.ts';
import { accessOf, newRunOf, rootRun } from './spawn.ts';

interface Shown {
  readonly form: Form;
  /** Thumbprint of the key that proved the request. */
  readonly proofKey: string | undefined;
}

/** Answers the form of a token request. Rejects only where something of our own is broken. */
export async function exchange({ form, proofKey }: Shown, deps: ExchangeDeps): Promise<OAuthReply> {
  const read = readExchange(form, [...new Set([deps.terms.issuer, deps.terms.audience])]);
  if (!read.ok) return refusalReply(read.problem);
  const parents = await parentage(read.value, proofKey, deps);
  if (!parents.ok) return refusalReply(parents.problem);
  const made = await spawn(read.value, parents.value, deps);
  return made.ok ? made.value : refusalReply(made.problem);
}

async function spawn(request: ExchangeRequest, parents: Believed, deps: ExchangeDeps): Promise<Outcome<OAuthReply>> {
  const nowMs = deps.now();
  const { parent } = parents;
  const child = childOf(request, parents, { terms: deps.terms, nowMs });
  const fault = excessFault(child, parent, { terms: deps.terms, nowMs });
  if (fault) return refuse(fault);
  try {
    const run = newRunOf(child);
    const made = await make(request, { child, parent, nowMs, deps });
    if (made.token.length > OWN_TOKEN_BYTES) return refuse(TOO_LONG);
    const access = accessOf(request, parents, { child, run: parents.run ?? rootRun(run), nowMs });
    const unfit = await spawnFault(access, run, deps);
    if (unfit) return refuse(unfit);
    // Before anything is carved: a key that nobody was given is of no use to anybody.
    await made.keep();
    const short = await begin(request, run, { parent, deps });
    return short ? refuse(short) : { ok: true, value: reply(made.token, child, { request, nowMs }) };
  } catch (thrown) {
    return refuse(problemOf(thrown, 'invalid_grant'));
  }
}

const TOO_LONG = problem(
  'invalid_authorization_details',
  'the token would be too long to be sent with every call; ask for fewer rights, or for a run key',
);

interface Making {
  readonly child: DelegatedPrincipal;
  readonly parent: Principal;
  readonly nowMs: number;
  readonly deps: ExchangeDeps;
}

/** The credential, and what makes it count where its own text does not. */
async function make(
  { kind }: ExchangeRequest,
  { child, parent, nowMs, deps }: Making,
): Promise<{ readonly token: string; readonly keep: () => Promise<void> }> {
  const { audience } = deps.terms;
  const claims = claimsOf({ principal: child, audience, issuedAtMs: nowMs, parentTokenId: parent.delegation?.tokenId });
  if (kind === 'token') return { token: await deps.sign(claims), keep: () => Promise.resolve() };
  const { key, place } = newRunKey(child.tenant);
  const grant = { claims, untilMs: child.expiresAtMs };
  return { token: key, keep: () => storeAnswer(() => deps.grants.put(place, grant)) };
}

async function spawnFault(
  access: AccessRequest,
  run: NewRun,
  { decideSpawn }: ExchangeDeps,
): Promise<OAuthProblem | undefined> {
  const outside = outsideRights(access);
  if (outside !== undefined) return problem('access_denied', outside, TOKEN_RIGHTS);
  const decision = await decideSpawn(access, run);
  return decision.effect === 'permit' ? undefined : problem('access_denied', decision.reason, decision.rules[0]);
}

/** Carves and opens; what was carved goes back where the run could not be opened. */
async function begin(
  { budget }: ExchangeRequest,
  child: NewRun,
  { parent, deps }: { parent: Principal; deps: ExchangeDeps },
): Promise<OAuthProblem | undefined> {
  const parentBudget = parent.delegation?.budget;
  const { tenant, expiresAtMs } = child.principal;
  const carving = budget !== undefined &&
    parentBudget && { tenant, parentBudget, childRun: child.id, amount: budget, untilMs: expiresAtMs };
  if (carving && !(await deps.carve(carving)))
    return problem(
      'invalid_grant',
      'less than the budget that was asked for is left of the parent’s; ask for a smaller part',
    );
  try {
    await deps.openRun(child);
    return undefined;
  } catch (error) {
    if (carving) await deps.giveBack(carving);
    throw error;
  }
}

function reply(
  token: string,
  child: DelegatedPrincipal,
  { request, nowMs }: { request: ExchangeRequest; nowMs: number },
): OAuthReply {
  const { path, rights, proofKey, maxDepth } = child.delegation;
  const body = {
    access_token: token,
    issued_token_type: request.kind === 'token' ? ACCESS_TOKEN : RUN_KEY,
    token_type: proofKey === undefined ? 'Bearer' : 'DPoP',
    expires_in: Math.floor((child.expiresAtMs - nowMs) / 1_000),
    ...(child.scopes.length > 0 && { scope: child.scopes.join(' ') }),
    ...(rights && { authorization_details: detailsOf(rights) }),
    run_id: path.at(-1),
    root_run_id: path[0],
    depth: path.length - 1,
    max_depth: maxDepth,
  };
  return { status: 200, headers: {}, body };
}
