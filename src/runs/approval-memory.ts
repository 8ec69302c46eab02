/**
 * Approvals in this process's memory: for one gateway, and lost with it.
 *
 * INVARIANT: it answers the same history as the Redis store does (test/runs/approval-store.equal.test.ts).
 */
import type { Approval, ApprovalVote, VoteResult } from '../core/approval.ts';
import type { Clock } from '../core/clock.ts';
import type { CallId, RunId } from '../core/ids.ts';
import { byTime, personOf, refusedVoter, stands, stateOf } from './approval-rules.ts';
import {
  type ApprovalQuery,
  type ApprovalRequest,
  type ApprovalStore,
  type AskResult,
  KEPT_MS,
  LISTED_MAX,
  OF_TENANT_MAX,
  PENDING_OF_TREE_MAX,
  type Voter,
} from './approval-store.ts';

interface Kept {
  readonly request: ApprovalRequest;
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  /** By person. */
  readonly votes: Map<string, ApprovalVote>;
  readonly users: Set<CallId>;
  verdict: '' | 'approved' | 'denied';
  standsUntilMs: number | undefined;
}

export function memoryApprovals({ clock }: { readonly clock: Clock }): ApprovalStore {
  return new MemoryApprovals(clock);
}

class MemoryApprovals implements ApprovalStore {
  readonly #clock: Clock;
  /** By tenant, then by id, in the order in which they were asked for. */
  readonly #tenants = new Map<string, Map<string, Kept>>();
  /** The id of the last approval of a binding, by tenant and binding. */
  readonly #ofBinding = new Map<string, string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async request(request: ApprovalRequest): Promise<AskResult> {
    const { tenant, id, binding, terms, summary } = request;
    const now = this.#clock.now();
    const all = this.#tidied(tenant, now);
    const standing = all.get(this.#ofBinding.get(`${tenant}\n${binding}`) ?? '');
    if (standing && stands(state(standing, now), standing, now)) {
      return { kind: 'stands', approval: shown(standing, now), isNew: false };
    }
    if (this.#pending(tenant, summary.root).length >= PENDING_OF_TREE_MAX) return { kind: 'full', of: 'tree' };
    if (all.size >= OF_TENANT_MAX) return { kind: 'full', of: 'tenant' };
    const kept: Kept = {
      request,
      askedAtMs: now,
      expiresAtMs: now + terms.expiresMs,
      votes: new Map(),
      users: new Set(),
      verdict: '',
      standsUntilMs: undefined,
    };
    all.set(id, kept);
    this.#tenants.set(tenant, all);
    this.#ofBinding.set(`${tenant}\n${binding}`, id);
    return { kind: 'stands', approval: shown(kept, now), isNew: true };
  }

  async get(tenant: string, id: string): Promise<Approval | undefined> {
    const kept = this.#tenants.get(tenant)?.get(id);
    return kept && shown(kept, this.#clock.now());
  }

  async list(tenant: string, { state, count }: ApprovalQuery): Promise<readonly Approval[]> {
    const now = this.#clock.now();
    const all = [...(this.#tenants.get(tenant)?.values() ?? [])].map((kept) => shown(kept, now));
    const wanted = all.filter((approval) => state === undefined || approval.state === state);
    return newestFirst(wanted).slice(0, Math.min(count, LISTED_MAX));
  }

  async pendingOf(tenant: string, root: RunId): Promise<readonly Approval[]> {
    return newestFirst(this.#pending(tenant, root));
  }

  async decide(tenant: string, id: string, voter: Voter): Promise<VoteResult> {
    const kept = this.#tenants.get(tenant)?.get(id);
    if (!kept) return { kind: 'unknown' };
    const now = this.#clock.now();
    const { terms } = kept.request;
    const refused = refusedVoter(kept.request, voter);
    if (refused) return { kind: refused, approval: shown(kept, now) };
    if (state(kept, now) !== 'pending') return { kind: 'final', approval: shown(kept, now) };
    const { subject: by, verdict, reason } = voter;
    const person = personOf(by);
    if (kept.votes.get(person)?.verdict !== verdict) kept.votes.set(person, { by, verdict, reason, atMs: now });
    if (verdict === 'deny') kept.verdict = 'denied';
    else if (kept.votes.size >= terms.approvers) kept.verdict = 'approved';
    if (kept.verdict !== '') kept.standsUntilMs = now + terms.grantMs;
    return { kind: 'counted', approval: shown(kept, now) };
  }

  async use(tenant: string, id: string, call: CallId): ReturnType<ApprovalStore['use']> {
    const kept = this.#tenants.get(tenant)?.get(id);
    if (!kept) return { isUsed: false, approval: undefined };
    const now = this.#clock.now();
    if (state(kept, now) === 'approved') kept.users.add(call);
    return { isUsed: kept.users.has(call), approval: shown(kept, now) };
  }

  async giveBack(tenant: string, id: string, call: CallId): Promise<boolean> {
    return this.#tenants.get(tenant)?.get(id)?.users.delete(call) ?? false;
  }

  #pending(tenant: string, root: RunId): readonly Approval[] {
    const now = this.#clock.now();
    return [...(this.#tenants.get(tenant)?.values() ?? [])]
      .filter((kept) => kept.request.summary.root === root && state(kept, now) === 'pending')
      .map((kept) => shown(kept, now));
  }

  /** A tenant's approvals without those that nobody needs to remember. */
  #tidied(tenant: string, now: number): Map<string, Kept> {
    const all = this.#tenants.get(tenant) ?? new Map<string, Kept>();
    for (const [id, kept] of all) {
      if (now < (kept.standsUntilMs ?? kept.expiresAtMs) + KEPT_MS) continue;
      all.delete(id);
      const key = `${tenant}\n${kept.request.binding}`;
      if (this.#ofBinding.get(key) === id) this.#ofBinding.delete(key);
    }
    return all;
  }
}

function state(kept: Kept, now: number): Approval['state'] {
  const { verdict, expiresAtMs, standsUntilMs, users, request } = kept;
  return stateOf({ verdict, expiresAtMs, standsUntilMs, used: users.size, uses: request.terms.uses }, now);
}

function shown(kept: Kept, now: number): Approval {
  const { id, tenant, binding, terms, summary } = kept.request;
  const { askedAtMs, expiresAtMs, standsUntilMs } = kept;
  const votes = byTime(kept.votes.values());
  const used = kept.users.size;
  return {
    id,
    tenant,
    state: state(kept, now),
    binding,
    terms,
    summary,
    askedAtMs,
    expiresAtMs,
    standsUntilMs,
    votes,
    used,
  };
}

function newestFirst(approvals: readonly Approval[]): readonly Approval[] {
  return [...approvals].sort((one, other) => other.askedAtMs - one.askedAtMs || (one.id < other.id ? 1 : -1));
}
