// What becomes of a call that a policy holds: it asks people, waits for them as long as its policy says, and goes on where
// they approved this very call.
// INVARIANT: `hold` resolves only where the store has taken one use of an approval of the call's own binding, for this call.
import { type Approval, type ApprovalTerms, HeldForApproval } from '../core/approval.ts';
import { type AccessRequest, formatResource } from '../core/access.ts';
import type { Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Incoming } from '../core/exchange.ts';
import { type Bound, boundAhead, boundCall } from './approval-binding.ts';
import { patientWait } from './approval-patience.ts';
import { deniedText, expiredText, fullText, pendingText, spentText } from './approval-texts.ts';
import type { ApprovalStore } from './approval-store.ts';
import { shownArguments } from './approval-summary.ts';
import { ApprovalWatch, type Timers } from './approval-watch.ts';
import type { JsonTree } from './canonical-json.ts';

export interface GateSource {
  readonly store: ApprovalStore;
  readonly timers: Timers;
  /** Told of every new question, off the request's way; must not throw. */
  readonly notify: (approval: Approval) => void;
  /** Where a person can decide on an approval; undefined where no such page is configured. */
  readonly pageOf?: (approval: Approval) => string;
  /** How many calls may wait in this process; 1,000. */
  readonly waitersMax?: number;
}

/** What a decision said of a call that it holds. */
export interface Held {
  readonly terms: ApprovalTerms;
  /** The refusal's reason: which rules, and why. */
  readonly reason: string;
}

export interface Asking extends Held {
  /** The agent's own words. */
  readonly said: string;
}

/** The approval that lets a call pass, one use of which is taken. */
export interface Granted {
  readonly approval: Approval;
  /** Whether it is what a hold of this call asks for. */
  covers(call: Call, terms: ApprovalTerms): boolean;
  /** For a call that surely was not sent: its use is there again. Never rejects. */
  giveBack(): Promise<void>;
}

export interface ApprovalsGate {
  /**
   * Resolves once the call may go on. Throws `policy.hold` (a `HeldForApproval` where it names an approval),
   * `approval.denied`, `request.aborted`, `limit.unavailable`.
   */
  hold(call: Call, held: Held, request: Pick<Incoming, 'onAbort'>): Promise<Granted>;
  /** Asks ahead of time, for a call that is yet to come. Throws `policy.hold` where too many wait already. */
  ask(access: AccessRequest, args: JsonTree, asking: Asking): Promise<Approval>;
  /** Somebody decided in this process. */
  changed(tenant: string, id: string): void;
}

export function approvalsGate(source: GateSource): ApprovalsGate {
  return new Gate(source);
}

class Gate implements ApprovalsGate {
  readonly #source: GateSource;
  readonly #watch: ApprovalWatch;

  constructor(source: GateSource) {
    this.#source = source;
    this.#watch = new ApprovalWatch(source);
  }

  async hold(call: Call, held: Held, request: Pick<Incoming, 'onAbort'>): Promise<Granted> {
    const { tenant } = call.access.principal;
    let isGone = false;
    request.onAbort(() => void (isGone = true));
    const asked = await this.#request(call.access, boundCall(call, held.terms), { ...held, said: '' });
    const ms = patientWait(call, held.terms.waitMs);
    if (asked.state === 'pending' && ms > 0 && !isGone) {
      const wait = { tenant, id: asked.id, ms, onAbort: request.onAbort };
      if ((await this.#watch.wait(wait)) === 'gone') throw gone();
    }
    return this.#use(call, asked.id, { held, isGone: () => isGone });
  }

  ask(access: AccessRequest, args: JsonTree, asking: Asking): Promise<Approval> {
    return this.#request(access, boundAhead(access, args, asking.terms), asking);
  }

  changed(tenant: string, id: string): void {
    this.#watch.changed(tenant, id);
  }

  async #request(access: AccessRequest, bound: Bound, { terms, reason, said }: Asking): Promise<Approval> {
    const { principal, run } = access;
    const asked = await this.#source.store.request({
      tenant: principal.tenant,
      id: `appr_${crypto.randomUUID()}`,
      binding: bound.binding,
      terms,
      summary: {
        action: access.action,
        resource: formatResource(access.resource),
        agent: principal.agent,
        subject: principal.subject,
        actors: principal.actors.map(({ subject }) => subject),
        run: run.id,
        root: run.root,
        ...shownArguments(bound.tree, terms.redact),
        digest: bound.digest,
        because: reason,
        reason: said,
      },
    });
    if (asked.kind === 'full') throw new GatewayError('policy.hold', fullText(reason, asked.of), ruleOf(terms));
    if (asked.isNew) this.#source.notify(asked.approval);
    return asked.approval;
  }

  async #use(
    call: Call,
    id: string,
    { held, isGone }: { readonly held: Held; readonly isGone: () => boolean },
  ): Promise<Granted> {
    const { store } = this.#source;
    const { tenant } = call.access.principal;
    const { isUsed, approval } = await store.use(tenant, id, call.id);
    if (!isUsed || !approval) throw this.#refusal(approval, held);
    const giveBack = (): Promise<void> => {
      return store.giveBack(tenant, id, call.id).then(
        () => {},
        // It stays used: the next identical call asks anew.
        () => {},
      );
    };
    const covers = (other: Call, terms: ApprovalTerms): boolean => boundCall(other, terms).binding === approval.binding;
    if (!isGone()) return { approval, covers, giveBack };
    await giveBack();
    throw gone();
  }

  #refusal(approval: Approval | undefined, { terms, reason }: Held): GatewayError {
    if (!approval) return new GatewayError('policy.hold', expiredText(reason), ruleOf(terms));
    switch (approval.state) {
      case 'denied':
        return new GatewayError('approval.denied', deniedText(approval), ruleOf(terms));
      case 'expired':
        return new GatewayError('policy.hold', expiredText(reason), ruleOf(terms));
      case 'used':
        return new GatewayError('policy.hold', spentText(reason, approval), ruleOf(terms));
      case 'pending':
      case 'approved':
        return new HeldForApproval(pendingText(reason, approval), {
          approval: approval.id,
          page: this.#source.pageOf?.(approval),
          ...ruleOf(terms),
        });
      default:
        return approval.state satisfies never;
    }
  }
}

function ruleOf({ rules }: ApprovalTerms): { readonly rule?: string } {
  return rules[0] === undefined ? {} : { rule: rules[0] };
}

function gone(): GatewayError {
  return new GatewayError('request.aborted', 'the client went away while its call waited for approval');
}
