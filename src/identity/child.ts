// Who a child of a principal is: never more than its parent.
import { randomBytes, randomUUID } from 'node:crypto';
import type { RunId } from '../core/ids.ts';
import { type Actor, type Principal, principalId } from '../core/principal.ts';
import type { Delegation } from '../core/rights.ts';
import { principalNamed } from './delegated.ts';
import type { ExchangeRequest } from './exchange-request.ts';
import type { DelegatedPrincipal, ExchangeTerms } from './exchange-deps.ts';

const DAY_MS = 86_400_000;
/** No run key is made for longer, whatever its parent is valid for. */
const RUN_KEY_MAX_MS = 90 * DAY_MS;
const RUN_ID_BYTES = 12;

export interface Parentage {
  readonly parent: Principal;
  readonly actor: Principal | undefined;
  /** Thumbprint of the key that signed the proof of the request. */
  readonly proofKey: string | undefined;
}

/** Where the gateway's checks have passed: what the child is, with an id of its own. */
export function childOf(
  request: ExchangeRequest,
  { parent, actor, proofKey }: Parentage,
  { terms, nowMs }: { readonly terms: ExchangeTerms; readonly nowMs: number },
): DelegatedPrincipal {
  const run = `run_${randomBytes(RUN_ID_BYTES).toString('hex')}` as RunId;
  const above = parent.delegation;
  const agent = agentOf(request, { parent, actor });
  const base: Omit<Principal, 'id' | 'delegation'> = {
    subject: parent.subject,
    tenant: parent.tenant,
    agent,
    actors: actorsOf(request, { parent, actor, run, issuer: terms.issuer }),
    credential: request.kind === 'token' ? 'jwt' : 'key',
    issuer: terms.issuer,
    scopes: request.scopes ?? parent.scopes,
    expiresAtMs: expiryOf(request, { parent, terms, nowMs }),
  };
  const boundTo = request.proofKey ?? proofKey;
  const agentsAbove = agentsOf(parent).filter((name) => name !== agent);
  const delegation: Delegation = {
    path: [...(above?.path ?? []), run],
    name: request.name ?? agent,
    rights: request.rights ?? above?.rights,
    maxDepth: Math.min(request.maxDepth ?? terms.depthMax, above?.maxDepth ?? terms.depthMax, terms.depthMax),
    budget: request.budget === undefined ? above?.budget : { run, amount: request.budget },
    tokenId: randomUUID(),
    ...(boundTo !== undefined && { proofKey: boundTo }),
    ...(agentsAbove.length > 0 && { above: agentsAbove.map((name) => principalNamed(name, base)) }),
  };
  return { id: principalId(parent.tenant, parent.subject, agent), ...base, delegation };
}

/** The agent that a child is for, as policies see it. */
function agentOf({ agent }: ExchangeRequest, { parent, actor }: Omit<Parentage, 'proofKey'>): string {
  return agent ?? (actor === undefined || actor.agent === '' ? parent.agent : actor.agent);
}

/** The agents that a child of this principal acts below, without a person who is none. */
function agentsOf({ delegation, agent }: Principal): readonly string[] {
  if (!delegation) return agent === '' ? [] : [agent];
  return [...new Set([...(delegation.above ?? []).map((one) => one.agent), agent])];
}

/** RFC 8693 §4.1: the child first, then whoever acted before. */
function actorsOf(
  { agent }: ExchangeRequest,
  { parent, actor, run, issuer }: Omit<Parentage, 'proofKey'> & { readonly run: RunId; readonly issuer: string },
): readonly Actor[] {
  const before = actorsBefore(parent);
  if (actor) return [actorLink(actor), ...before];
  // A root that names no agent is its caller's own: nobody new acts.
  if (!parent.delegation && (agent ?? parent.agent) === parent.agent) return before;
  return [{ subject: (agent ?? parent.agent) || run, issuer }, ...before];
}

/** How a chain names who was shown as an actor. */
export function actorLink({ agent, subject, issuer }: Principal): Actor {
  return { subject: agent === '' ? subject : agent, issuer };
}

function actorsBefore({ delegation, agent, issuer, actors }: Principal): readonly Actor[] {
  if (delegation || agent === '' || actors[0]?.subject === agent) return actors;
  return [{ subject: agent, issuer }, ...actors];
}

/** Never beyond the parent's, but for the run key of a root where the configuration says so. */
function expiryOf(
  { kind, seconds }: ExchangeRequest,
  { parent, terms, nowMs }: { readonly parent: Principal; readonly terms: ExchangeTerms; readonly nowMs: number },
): number {
  const { tokenSeconds, maxSeconds, runKeyDays = 0 } = terms;
  if (kind === 'token') {
    const untilMs = nowMs + Math.min(seconds ?? tokenSeconds, maxSeconds) * 1_000;
    return wholeSeconds(Math.min(untilMs, parent.expiresAtMs));
  }
  const longestMs = parent.delegation ? -Infinity : nowMs + runKeyDays * DAY_MS;
  const askedMs = seconds === undefined ? Infinity : nowMs + seconds * 1_000;
  return wholeSeconds(Math.min(askedMs, Math.max(parent.expiresAtMs, longestMs), nowMs + RUN_KEY_MAX_MS));
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}
