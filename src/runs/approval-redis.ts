/**
 * Approvals in Redis: every change in one script, so that what people decided outlives gateways and is shared by them.
 *
 * INVARIANT: what fails rejects with `limit.unavailable`; nothing that cannot be asked is taken for approved.
 */
import type { Approval, ApprovalSummary, ApprovalTerms, ApprovalVote, VoteResult } from '../core/approval.ts';
import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { CallId, RunId } from '../core/ids.ts';
import { type ApprovalKeys, approvalKeys } from './approval-keys.ts';
import { byTime, personOf, refusedVoter, stateOf } from './approval-rules.ts';
import { LIST, REQUEST, USE, VOTE } from './approval-scripts.ts';
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
import type { Question, ScriptClient } from './scripts.ts';

export interface RedisApprovalOptions {
  readonly client: ScriptClient;
  /** For tests. Without it the server's clock rules, which all gateways share. */
  readonly clock?: Clock;
}

/** How many approvals one script looks at: it keeps Redis busy for about a millisecond. */
const LOOKED_AT_TOGETHER = 200;

type Told = readonly [word: string, now: string, fields: readonly string[]];

export function redisApprovals(options: RedisApprovalOptions): ApprovalStore {
  return new RedisApprovals(options);
}

class RedisApprovals implements ApprovalStore {
  readonly #client: ScriptClient;
  readonly #clock: Clock | undefined;

  constructor({ client, clock }: RedisApprovalOptions) {
    this.#client = client;
    this.#clock = clock;
  }

  async request({ tenant, id, binding, terms, summary }: ApprovalRequest): Promise<AskResult> {
    const keys = approvalKeys(tenant);
    const numbers = [
      terms.expiresMs,
      terms.approvers,
      terms.grantMs,
      terms.uses,
      KEPT_MS,
      PENDING_OF_TREE_MAX,
      OF_TENANT_MAX,
    ];
    const body = JSON.stringify({ id, binding, terms, summary });
    const answer = (await this.#run({
      script: REQUEST,
      keys: [keys.of(binding), keys.approval(id), keys.all, keys.pending(summary.root)],
      args: [this.#now(), id, keys.approval(''), body, summary.root, ...numbers.map(String)],
    })) as Told | ['full', 'tree' | 'tenant'];
    if (answer[0] === 'full') return { kind: 'full', of: answer[1] as 'tree' | 'tenant' };
    return { kind: 'stands', approval: read(tenant, answer as Told), isNew: answer[0] === 'new' };
  }

  async get(tenant: string, id: string): Promise<Approval | undefined> {
    const answer = await this.#use(tenant, { id, call: '', verb: 'look' });
    return answer[0] === 'unknown' ? undefined : read(tenant, answer as Told);
  }

  async list(tenant: string, { state, count }: ApprovalQuery): Promise<readonly Approval[]> {
    const keys = approvalKeys(tenant);
    return this.#list(tenant, keys, { of: keys.all, state: state ?? '-', count: Math.min(count, LISTED_MAX) });
  }

  async pendingOf(tenant: string, root: RunId): Promise<readonly Approval[]> {
    const keys = approvalKeys(tenant);
    const found = await this.#list(tenant, keys, {
      of: keys.pending(root),
      state: 'pending',
      count: PENDING_OF_TREE_MAX,
    });
    return found.toSorted((one, other) => other.askedAtMs - one.askedAtMs || (one.id < other.id ? 1 : -1));
  }

  async decide(tenant: string, id: string, voter: Voter): Promise<VoteResult> {
    const before = await this.get(tenant, id);
    if (!before) return { kind: 'unknown' };
    const refused = refusedVoter(before, voter);
    if (refused) return { kind: refused, approval: before };
    const keys = approvalKeys(tenant);
    const { subject: by, verdict, reason } = voter;
    const answer = (await this.#run({
      script: VOTE,
      keys: [keys.approval(id), keys.all, keys.of(before.binding), keys.pending(before.summary.root)],
      args: [this.#now(), id, personOf(by), verdict, JSON.stringify({ by, reason }), String(KEPT_MS)],
    })) as Told | ['unknown'];
    if (answer[0] === 'unknown') return { kind: 'unknown' };
    return { kind: answer[0] === 'counted' ? 'counted' : 'final', approval: read(tenant, answer as Told) };
  }

  async use(tenant: string, id: string, call: CallId): ReturnType<ApprovalStore['use']> {
    const answer = await this.#use(tenant, { id, call, verb: 'use' });
    if (answer[0] === 'unknown') return { isUsed: false, approval: undefined };
    return { isUsed: answer[0] === '1', approval: read(tenant, answer as Told) };
  }

  async giveBack(tenant: string, id: string, call: CallId): Promise<boolean> {
    return (await this.#use(tenant, { id, call, verb: 'back' }))[0] === '1';
  }

  #use(
    tenant: string,
    { id, call, verb }: { id: string; call: string; verb: 'look' | 'use' | 'back' },
  ): Promise<Told | ['unknown']> {
    const keys = [approvalKeys(tenant).approval(id)];
    return this.#run({ script: USE, keys, args: [this.#now(), call, verb] }) as Promise<Told | ['unknown']>;
  }

  async #list(
    tenant: string,
    keys: ApprovalKeys,
    { of, state, count }: { readonly of: string; readonly state: string; readonly count: number },
  ): Promise<readonly Approval[]> {
    // By id: where one was asked for meanwhile, the places of all have moved.
    const found = new Map<string, Approval>();
    for (let from = 0; found.size < count; from += LOOKED_AT_TOGETHER) {
      const to = from + LOOKED_AT_TOGETHER - 1;
      const args = [this.#now(), keys.approval(''), state, count - found.size, from, to].map(String);
      const answer = (await this.#run({ script: LIST, keys: [of], args })) as [string, string, (string | string[])[]];
      const [now, looked, stored] = answer;
      for (let at = 1; at < stored.length; at += 2) {
        found.set(stored[at - 1] as string, read(tenant, ['', now, stored[at] as string[]]));
      }
      if (Number(looked) < LOOKED_AT_TOGETHER) break;
    }
    return [...found.values()];
  }

  /** `-` for the server's clock. */
  #now(): string {
    return this.#clock ? String(this.#clock.now()) : '-';
  }

  async #run(question: Question): Promise<unknown> {
    try {
      return await this.#client.run(() => question);
    } catch (cause) {
      throw new GatewayError(
        'limit.unavailable',
        'approvals cannot be looked up because their store does not answer, so the call is refused; try again in a few seconds',
        { retryAfterMs: 2_000, cause },
      );
    }
  }
}

/** An approval from what is stored of it. */
function read(tenant: string, [, now, words]: Told): Approval {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < words.length; at += 2) fields.set(words[at] as string, words[at + 1] as string);
  const { id, binding, terms, summary } = JSON.parse(fields.get('body') ?? '') as Body;
  const until = fields.get('until');
  const progress = {
    verdict: (fields.get('verdict') ?? '') as '' | 'approved' | 'denied',
    expiresAtMs: Number(fields.get('expires')),
    standsUntilMs: until === undefined ? undefined : Number(until),
    used: Number(fields.get('used')),
  };
  const state = stateOf({ ...progress, uses: terms.uses }, Number(now));
  const { verdict: _, ...told } = progress;
  const votes = byTime([...fields].filter(([field]) => field.startsWith('v:')).map(([, vote]) => readVote(vote)));
  return { id, tenant, state, binding, terms, summary, askedAtMs: Number(fields.get('asked')), ...told, votes };
}

interface Body {
  readonly id: string;
  readonly binding: string;
  readonly terms: ApprovalTerms;
  readonly summary: ApprovalSummary;
}

function readVote(stored: string): ApprovalVote {
  const [, atMs = '', verdict = '', rest = ''] = /^(\d+) (\S+) (.*)$/s.exec(stored) ?? [];
  const { by, reason } = JSON.parse(rest) as { by: string; reason: string };
  return { by, verdict: verdict as ApprovalVote['verdict'], reason, atMs: Number(atMs) };
}
