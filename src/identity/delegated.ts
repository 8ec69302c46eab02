// What the gateway says in tokens and run keys of its own, and how it reads them again: RFC 9068 with nested `act`
// (RFC 8693 §4.1), `authorization_details` (RFC 9396), `cnf` (RFC 9449 §6.1) and one claim of our own.
// INVARIANT: only claims that the gateway itself vouches for become a delegation; those of other issuers never do.
import type { RunId } from '../core/ids.ts';
import { type Actor, type Principal, principalId, ROLLBACK_AGENT } from '../core/principal.ts';
import type { Delegation } from '../core/rights.ts';
import { type Claims, isName, readActors, readScopes } from './claims.ts';
import { invalidToken } from './refusals.ts';
import { detailsOf, readDetails } from './rights-details.ts';

/** Names the claim that says where its bearer stands in the tree of runs. */
export const RUN_CLAIM = 'https://waygate.dev/claims/run';
/** Who acts, and eight that acted before: a root and eight runs below it. */
export const ACTORS_MAX = 9;
const RUN_ID = /^run_[\x21-\x7e]{1,128}$/;

/** What a token or run key is made of. */
export interface Granted {
  readonly principal: Principal & { readonly delegation: Delegation };
  readonly audience: string;
  readonly issuedAtMs: number;
  readonly parentTokenId: string | undefined;
}

export function claimsOf({ principal, audience, issuedAtMs, parentTokenId }: Granted): Claims {
  const { delegation, agent, actors, scopes } = principal;
  const { path, name, maxDepth, budget, rights, proofKey, above = [] } = delegation;
  const seconds = Math.floor(issuedAtMs / 1_000);
  return {
    iss: principal.issuer,
    aud: [audience],
    sub: principal.subject,
    client_id: agent === '' ? runOf(delegation) : agent,
    tenant: principal.tenant,
    ...(agent !== '' && { agent }),
    iat: seconds,
    nbf: seconds,
    exp: Math.floor(principal.expiresAtMs / 1_000),
    jti: delegation.tokenId,
    txn: path[0],
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(actors.length > 0 && { act: actOf(actors) }),
    ...(proofKey !== undefined && { cnf: { jkt: proofKey } }),
    ...(rights && { authorization_details: detailsOf(rights) }),
    [RUN_CLAIM]: {
      run: runOf(delegation),
      path,
      name,
      depth: path.length - 1,
      max_depth: maxDepth,
      ...(parentTokenId !== undefined && { parent_jti: parentTokenId }),
      ...(budget && { budget }),
      ...(above.length > 0 && { above: above.map((one) => one.agent) }),
    },
  };
}

/** The run of a delegation's bearer. */
export function runOf({ path }: Pick<Delegation, 'path'>): RunId {
  return path.at(-1) as RunId;
}

function actOf([actor, ...rest]: readonly Actor[]): object | undefined {
  if (!actor) return undefined;
  const before = actOf(rest);
  return {
    ...(actor.issuer !== undefined && { iss: actor.issuer }),
    sub: actor.subject,
    ...(before && { act: before }),
  };
}

/** Of claims that the gateway vouches for: by its signature, or by its own store. Throws `identity.invalid`. */
export function delegatedPrincipal(claims: Claims, credential: Principal['credential']): Principal {
  const { sub, tenant, agent = '', iss, exp, scope } = claims;
  if (!isName(sub) || !isName(tenant) || !(agent === '' || isName(agent))) throw malformed('sub`, `tenant` or `agent');
  if (agent === ROLLBACK_AGENT) throw malformed('agent');
  const who = { subject: sub, tenant, agent };
  const base = {
    ...who,
    actors: Object.freeze(readActors(claims['act'], ACTORS_MAX)),
    credential,
    issuer: String(iss),
    scopes: Object.freeze(readScopes(scope)),
    expiresAtMs: Number(exp) * 1_000,
  };
  const above = readAbove(claims).map((name) => principalNamed(name, base));
  const delegation = Object.freeze({ ...readRun(claims), ...(above.length > 0 && { above }) });
  return Object.freeze({ id: principalId(tenant, sub, agent), ...base, delegation });
}

/** The same caller under the name of another agent. */
export function principalNamed(agent: string, caller: Omit<Principal, 'id' | 'delegation'>): Principal {
  const { subject, tenant, actors, credential, issuer, scopes, expiresAtMs } = caller;
  const id = principalId(tenant, subject, agent);
  return Object.freeze({ id, subject, tenant, agent, actors, credential, issuer, scopes, expiresAtMs });
}

function readRun(claims: Claims): Delegation {
  const { path, name, run, depth, max_depth: maxDepth, budget } = runClaim(claims);
  const { jti, txn } = claims;
  if (!isPath(path) || run !== path.at(-1) || txn !== path[0] || depth !== path.length - 1) throw malformed(RUN_CLAIM);
  if (typeof name !== 'string' || !isCount(maxDepth) || typeof jti !== 'string') throw malformed(RUN_CLAIM);
  const proofKey = readProofKey(claims['cnf']);
  return {
    path: Object.freeze(path),
    name,
    rights: readRights(claims['authorization_details']),
    maxDepth,
    budget: readBudget(budget, path),
    tokenId: jti,
    ...(proofKey !== undefined && { proofKey }),
  };
}

function runClaim(claims: Claims): Claims {
  return objectIn(claims[RUN_CLAIM], RUN_CLAIM);
}

function objectIn(value: unknown, claim: string): Claims {
  if (typeof value !== 'object' || value === null) throw malformed(claim);
  return value as Claims;
}

function readAbove(claims: Claims): readonly string[] {
  const { above = [] } = runClaim(claims);
  if (Array.isArray(above) && above.every((name) => typeof name === 'string')) return above;
  throw malformed(RUN_CLAIM);
}

function readRights(value: unknown): Delegation['rights'] {
  if (value === undefined) return undefined;
  const read = readDetails(value);
  if (!read.ok) throw malformed('authorization_details');
  return Object.freeze(read.value);
}

function readBudget(value: unknown, path: readonly RunId[]): Delegation['budget'] {
  if (value === undefined) return undefined;
  const { run, amount } = objectIn(value, RUN_CLAIM);
  if (!path.includes(run as RunId) || !isCount(amount)) throw malformed(RUN_CLAIM);
  return Object.freeze({ run: run as RunId, amount });
}

/** A token that is bound to a key in a way that is not known here may be used by nobody. */
function readProofKey(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const { jkt } = objectIn(value, 'cnf');
  if (typeof jkt !== 'string') throw malformed('cnf');
  return jkt;
}

function isPath(value: unknown): value is readonly RunId[] {
  return Array.isArray(value) && value.length > 0 && value.every((id) => typeof id === 'string' && RUN_ID.test(id));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function malformed(claim: string): Error {
  return invalidToken(`its claim \`${claim}\` is not as this gateway writes it`);
}
