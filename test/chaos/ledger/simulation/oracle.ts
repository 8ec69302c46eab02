/**
 * What the ledger may answer, from its contract alone (src/limits/store.ts): who holds what, who has ended and how, and
 * everything that was spent. It looks at each operation as it reaches the store, in order, and says what is wrong.
 */
import type { CallId } from '../../../../src/core/ids.ts';
import type { AdmitRequest, AdmitResult, Claim, ClaimState, SettleRequest } from '../../../../src/limits/store.ts';
import {
  type Admission,
  charge,
  claimsOf,
  counterOf,
  type Held,
  type Holding,
  newTenant,
  remember,
  type Tenant,
} from './tenant-oracle.ts';

export type Violation = (text: string) => void;

export type End = 'settled' | 'released' | 'expired';

const SWEPT_TOGETHER = 8;
const REMEMBERED_MS = 60_000;

export interface OracleSource {
  readonly onViolation: Violation;
  /** Told of the end of every reservation; `agoMs` says how long ago its lease lapsed. */
  readonly onEnd: (call: CallId, end: End, agoMs: number) => void;
}

export class LedgerOracle {
  readonly #source: OracleSource;
  readonly #tenants = new Map<string, Tenant>();

  constructor(source: OracleSource) {
    this.#source = source;
  }

  /** Calls that hold something or have not been charged for what they held. */
  get open(): number {
    return [...this.#tenants.values()].reduce((sum, { held, lapsed }) => sum + held.size + lapsed.length, 0);
  }

  /** Calls of a tenant that hold something and run. */
  held(tenant: string): readonly CallId[] {
    return [...this.#tenant(tenant).held.keys()];
  }

  /** How often something was booked for a tenant. */
  bookings(tenant: string): number {
    return this.#tenant(tenant).bookings;
  }

  /** Whether claims surely fit. */
  fits(tenant: string, claims: readonly Claim[], nowMs: number): boolean {
    return claims.every((claim) => {
      const counter = counterOf(this.#tenant(tenant), claim);
      return !claim.enforced || counter.settled(claim.window, nowMs).most + counter.held + claim.ask <= claim.limit;
    });
  }

  /** Every counter that was ever claimed, by tenant. */
  known(): readonly (readonly [string, readonly Claim[]])[] {
    return [...this.#tenants].map(([name, { claims }]) => [name, [...claims.values()]]);
  }

  admitted(request: AdmitRequest, nowMs: number, answer: Admission): void {
    const tenant = this.#at(request.tenant, nowMs);
    const known = tenant.held.get(request.call) ?? tenant.lapsed.find(({ call }) => call === request.call);
    const told = known?.told ?? tenant.ended.get(request.call)?.told;
    if (told) {
      if (JSON.stringify(told) !== JSON.stringify(answer))
        this.#wrong(`${request.call} asked again was told ${brief(answer)} instead of ${brief(told)}`);
      return;
    }
    if (answer === 'gone' || !('states' in answer)) return this.#wrong(`${request.call} is ${brief(answer)}`);
    this.#sweep(tenant, nowMs);
    const judged = { request, nowMs, answer };
    this.#enter(tenant, judged);
    this.#judge(tenant, judged);
    if (answer.kind === 'admitted') this.#book(tenant, judged);
    this.#compare(tenant, judged);
  }

  settled({ tenant: name, call, actual }: SettleRequest, nowMs: number, ended: boolean): void {
    const tenant = this.#at(name, nowMs);
    const held = tenant.held.get(call);
    if (ended !== (held !== undefined)) return this.#wrong(`settling ${call} answered ${ended}`);
    if (held) this.#end(tenant, held, { end: 'settled', nowMs, used: (index, amount) => actual[index] ?? amount });
  }

  released(name: string, call: CallId, nowMs: number, ended: boolean): void {
    const tenant = this.#at(name, nowMs);
    const held = tenant.held.get(call);
    if (ended !== (held !== undefined)) return this.#wrong(`releasing ${call} answered ${ended}`);
    if (held) return this.#end(tenant, held, { end: 'released', nowMs, used: () => 0 });
    const isLapsed = tenant.lapsed.some((one) => one.call === call);
    if (!isLapsed && !tenant.ended.has(call)) remember(tenant, call, { told: 'gone', untilMs: nowMs + REMEMBERED_MS });
  }

  renewed(name: string, calls: readonly CallId[], leaseEndMs: number, nowMs: number): void {
    const { held } = this.#at(name, nowMs);
    for (const call of calls) {
      const one = held.get(call);
      if (one) one.leaseEndMs = Math.max(one.leaseEndMs, leaseEndMs);
    }
  }

  /** The tenant with all leases ended that are over. */
  #at(name: string, nowMs: number): Tenant {
    const tenant = this.#tenant(name);
    for (const one of tenant.held.values()) {
      if (one.leaseEndMs > nowMs) continue;
      tenant.held.delete(one.call);
      tenant.lapsed.push(one);
      this.#source.onEnd(one.call, 'expired', nowMs - one.leaseEndMs);
    }
    for (const [call, { untilMs }] of tenant.ended) {
      if (untilMs > nowMs) break;
      tenant.ended.delete(call);
    }
    return tenant;
  }

  #tenant(name: string): Tenant {
    const known = this.#tenants.get(name);
    if (known) return known;
    const tenant = newTenant();
    this.#tenants.set(name, tenant);
    return tenant;
  }

  #sweep(tenant: Tenant, nowMs: number): void {
    tenant.lapsed.sort((one, other) => one.leaseEndMs - other.leaseEndMs || (one.call < other.call ? -1 : 1));
    for (const { call, holdings, told, leaseEndMs } of tenant.lapsed.splice(0, SWEPT_TOGETHER)) {
      for (const holding of holdings) if (holding) charge(holding, holding.amount, { atMs: leaseEndMs, nowMs });
      remember(tenant, call, { told, untilMs: nowMs + REMEMBERED_MS });
    }
  }

  #end(tenant: Tenant, { call, holdings, told }: Held, { end, nowMs, used }: Ending): void {
    for (const [index, holding] of holdings.entries())
      if (holding) charge(holding, used(index, holding.amount), { atMs: nowMs, nowMs });
    tenant.held.delete(call);
    remember(tenant, call, { told, untilMs: nowMs + REMEMBERED_MS });
    this.#source.onEnd(call, end, 0);
  }

  #enter(tenant: Tenant, { request, answer }: Judged): void {
    for (const claim of claimsOf(request)) {
      const counter = counterOf(tenant, claim);
      counter.isBegun ||= answer.kind === 'admitted';
      if (counter.isBegun) counter.enter(claim.window);
    }
  }

  /** Whether it may be let in, or refused, before anything is booked. */
  #judge(tenant: Tenant, { request, nowMs, answer }: Judged): void {
    for (const [index, claim] of claimsOf(request).entries()) {
      const counter = counterOf(tenant, claim);
      const { least, most } = counter.settled(claim.window, nowMs);
      const what = `${request.call} at ${claim.key} (${claim.ask} of ${claim.limit}, ${counter.held} held, ${least} to ${most} settled)`;
      if (answer.kind === 'admitted' && claim.enforced && least + counter.held + claim.ask > claim.limit)
        this.#wrong(`${what} passes the limit`);
      const isRefusing = answer.kind === 'exceeded' && answer.index === index;
      if (isRefusing && (!claim.enforced || most + counter.held + claim.ask <= claim.limit))
        this.#wrong(`${what} is refused without need`);
    }
  }

  /** Whether the answer tells the truth of every counter. */
  #compare(tenant: Tenant, { request, nowMs, answer }: Judged): void {
    for (const [index, claim] of claimsOf(request).entries()) {
      const counter = counterOf(tenant, claim);
      const { least, most } = counter.settled(claim.window, nowMs);
      const { settled, held } = answer.states[index] as ClaimState;
      const what = `after ${request.call} ${claim.key}`;
      if (held !== counter.held) this.#wrong(`${what} holds ${counter.held} and not ${held}`);
      if (settled < least || settled > most) this.#wrong(`${what} has ${least} to ${most} settled and not ${settled}`);
    }
  }

  #book(tenant: Tenant, { request, nowMs, answer: told }: Judged): void {
    const { call, leaseMs, run } = request;
    tenant.bookings += 1;
    const holdings = claimsOf(request).map((claim): Holding | undefined => {
      const counter = counterOf(tenant, claim);
      if (claim.mode === 'spend') {
        counter.book(claim.ask, { atMs: nowMs, nowMs });
        return undefined;
      }
      counter.held += claim.ask;
      return { counter, amount: claim.ask };
    });
    // A step of a run is open until its end is booked there, whatever it holds.
    if (run || holdings.some((one) => one !== undefined))
      tenant.held.set(call, { call, holdings, told, leaseEndMs: nowMs + leaseMs });
    else remember(tenant, call, { told, untilMs: nowMs + REMEMBERED_MS });
  }

  #wrong(text: string): void {
    this.#source.onViolation(text);
  }
}

interface Judged {
  readonly request: AdmitRequest;
  readonly nowMs: number;
  readonly answer: Exclude<AdmitResult, { kind: 'lost' | 'moved' }>;
}

interface Ending {
  readonly end: End;
  readonly nowMs: number;
  readonly used: (index: number, amount: number) => number;
}

function brief(answer: Admission): string {
  return answer === 'gone' ? answer : `${answer.kind} ${JSON.stringify('states' in answer ? answer.states : [])}`;
}
