/**
 * Part of the composition root: a token request as a governed call. The spawn that it asks for is decided, its budget carved,
 * its run admitted and recorded as every call is, in this order, so that what is refused leaves nothing behind. It ends when
 * the request does; whatever fails later gives the budget back.
 *
 * INVARIANT: no token is given to a run without a permit in the audit, and each such permit has its outcome.
 */
import type { AccessRequest } from '../core/access.ts';
import type { Call, PermittedCall } from '../core/call.ts';
import type { Decision } from '../core/decision.ts';
import { GatewayError, toGatewayError } from '../core/errors.ts';
import type { Incoming } from '../core/exchange.ts';
import { newCallId } from '../core/ids.ts';
import type { Delegation } from '../core/rights.ts';
import type { Standing } from '../core/quota.ts';
import type { CallTrace } from '../core/trace.ts';
import { TreeMoved } from '../core/tree-moved.ts';
import { NO_ESTIMATE } from '../core/usage.ts';
import type { NewRun } from '../identity/exchange-deps.ts';
import { FORM_BYTES } from '../identity/form.ts';
import type { WaitingConfig } from '../limits/admission.ts';
import type { Carving, Carvings } from '../limits/carvings.ts';
import type { Reservation } from '../limits/reservation.ts';
import type { Reserver } from '../limits/reserve.ts';
import { NO_CHARGE } from '../metering/quote.ts';
import { checkBounds } from '../runs/bounds.ts';
import type { Flight } from '../runs/flight.ts';
import type { Registry } from '../runs/registry.ts';
import type { Stages } from '../stages.ts';

export interface SpawnSource {
  readonly stages: Pick<
    Stages,
    'now' | 'begin' | 'clear' | 'decide' | 'oblige' | 'rejoin' | 'enter' | 'record' | 'close'
  >;
  readonly limits: Pick<Reserver, 'admit'>;
  readonly waiting: WaitingConfig;
  readonly carvings: Pick<Carvings, 'carve' | 'giveBack'>;
  readonly registry: Pick<Registry, 'follow'>;
}

const ROUTE = { name: 'oauth', protocol: 'http', upstreams: [], bodyBytesMax: FORM_BYTES } as const;
const NOTHING = Buffer.alloc(0);

/** One request for a token. */
export class SpawnCall {
  readonly #source: SpawnSource;
  readonly #request: Incoming;
  readonly #trace: CallTrace;
  readonly #id = newCallId();
  #carving: Carving | undefined;
  #isShort = false;
  #call: Call | undefined;
  #decision: Decision | undefined;
  #reservation: Reservation | undefined;
  #flight: Flight | undefined;
  #error: GatewayError | undefined;
  #isPermitted = false;

  constructor(source: SpawnSource, request: Incoming) {
    this.#source = source;
    this.#request = request;
    this.#trace = source.stages.begin(request);
  }

  /** Whether the parent has too little left for the budget that was asked for. */
  get isShort(): boolean {
    return this.#isShort;
  }

  /**
   * The policies' word on the spawn; where it is a permit and the parent's budget is not short, the run has begun and the
   * audit has it. Rejects with what limits, bounds, stops and the audit refuse it for.
   */
  async decide(access: AccessRequest, child: NewRun): Promise<Decision> {
    try {
      const decision = await this.#begin(this.#callOf(access), child);
      return (this.#decision = decision);
    } catch (thrown) {
      this.#error = toGatewayError(thrown);
      throw this.#error;
    }
  }

  /** What the client will be answered. Never rejects. */
  async end(status: number): Promise<void> {
    const { stages, carvings } = this.#source;
    const isMade = status === 200;
    this.#flight?.leave();
    if (!isMade && this.#carving) await carvings.giveBack(this.#carving);
    if (isMade) this.#reservation?.settle(NO_CHARGE);
    else this.#reservation?.release();
    const standings: readonly Standing[] = this.#reservation?.standings ?? [];
    const ending = isMade ? 'complete' : this.#isPermitted ? 'failed' : 'refused';
    const call = this.#call;
    stages.close(
      {
        id: this.#id,
        request: this.#request,
        principal: call?.access.principal,
        call,
        decision: this.#decision,
        quote: undefined,
        standings,
        status,
        metered: undefined,
        ending,
        error: this.#error,
        firstByteAtMs: undefined,
        endedAtMs: stages.now(),
        permitted: this.#isPermitted,
      },
      this.#trace,
    );
  }

  async #begin(asked: Call, child: NewRun): Promise<Decision> {
    const { stages } = this.#source;
    this.#call = asked;
    for (let tries = 1, call = asked; ; tries += 1) {
      call = await stages.clear(call, this.#request);
      const judged = stages.decide(call);
      const { decision } = judged;
      if (decision.effect !== 'permit') return this.#refuse(decision);
      this.#decision = decision;
      if (tries === 1 && !(await this.#carve(call.access, child))) return decision;
      const entering = inChild(stages.oblige(judged), child);
      this.#call = entering;
      const reservation = await this.#admit(entering);
      if ('standings' in reservation) return this.#enter(reservation, decision);
      call = stages.rejoin(asked, reservation, tries);
    }
  }

  #refuse(decision: Exclude<Decision, { readonly effect: 'permit' }>): Decision {
    const { effect, reason, rules } = decision;
    const told = effect === 'hold' ? `${reason}, but the start of a run does not wait for that: ${ADVICE}` : reason;
    this.#error = new GatewayError('policy.denied', told, { rule: rules[0] as string });
    const { revision, facts, shadow } = decision;
    return { effect: 'deny', rules, revision, reason: told, facts, shadow };
  }

  /** False where too little is left of the parent's. */
  async #carve({ principal }: AccessRequest, child: NewRun): Promise<boolean> {
    const { carvings, registry } = this.#source;
    const carving = carvingOf(principal.delegation, child);
    if (!carving) return true;
    this.#carving = carving;
    const taken = await carvings.carve(carving, (onEnd) => registry.follow(carving.tenant, child, onEnd));
    this.#isShort = !taken;
    return taken;
  }

  async #admit(call: PermittedCall): Promise<Reservation | TreeMoved> {
    const { stages, limits, waiting } = this.#source;
    checkBounds(call, stages.now());
    const admission = { quote: NO_CHARGE, request: this.#request, trace: this.#trace, waiting };
    return limits.admit(call, admission).catch((thrown: unknown) => {
      if (thrown instanceof TreeMoved) return thrown;
      throw thrown;
    });
  }

  async #enter(reservation: Reservation, decision: Decision): Promise<Decision> {
    const { stages } = this.#source;
    this.#reservation = reservation;
    this.#flight = stages.enter(reservation.call);
    await stages.record(reservation.call, NO_CHARGE, reservation.standings, this.#trace);
    this.#isPermitted = true;
    return decision;
  }

  /** Of the request as it came: its form holds tokens, and is nobody's to keep. */
  #callOf(access: AccessRequest): Call {
    return {
      id: this.#id,
      route: ROUTE,
      dialect: 'http',
      access,
      upstreams: [],
      method: this.#request.method,
      target: this.#request.path,
      headers: {},
      body: NOTHING,
      splices: [],
      estimate: NO_ESTIMATE,
      model: '',
      stream: false,
      hideUsage: false,
      abortable: true,
      rpc: undefined,
      candidates: [],
      fallbacks: [],
    };
  }
}

const ADVICE = 'ask the owner of the policies to allow it';

/** A child with a budget of its own has it from the nearest above; a root's is carved out of nothing. */
function carvingOf(parent: Delegation | undefined, { id, principal }: NewRun): Carving | undefined {
  const { tenant, expiresAtMs, delegation } = principal;
  const { budget } = delegation;
  if (!parent?.budget || budget?.run !== id) return undefined;
  return { tenant, parentBudget: parent.budget, childRun: id, amount: budget.amount, untilMs: expiresAtMs };
}

/** The parent asks, and it is decided on where the parent stands; what is admitted is the first step of the child. */
function inChild(call: PermittedCall, child: NewRun): PermittedCall {
  const { id, root, parent, path, depth, name, principal } = child;
  const { tree } = call.access.run;
  const run = { id, root, parent, path, depth, name, source: 'token', tree, agent: principal.agent } as const;
  return { ...call, access: { ...call.access, run } };
}
