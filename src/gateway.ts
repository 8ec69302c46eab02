/**
 * The pipeline, in order. Each stage takes what an earlier one returned, so leaving one out does not compile.
 * INVARIANT: nothing goes upstream without a principal, a permit, a reservation and an audit entry.
 * INVARIANT: settlement, audit and duration hang on the end of the answer's body, never on this function's return.
 */
import type { Call, PermittedCall } from './core/call.ts';
import type { Decision } from './core/decision.ts';
import { toGatewayError } from './core/errors.ts';
import type { Incoming } from './core/exchange.ts';
import { newCallId } from './core/ids.ts';
import type { Principal } from './core/principal.ts';
import { type CallRecord, hasFailed } from './core/record.ts';
import type { CallTrace } from './core/trace.ts';
import type { Charge } from './core/usage.ts';
import type { Delivery } from './http/deliver.ts';
import type { Reservation } from './limits/reservation.ts';
import type { Journaled } from './runs/journal-gate.ts';
import type { Place } from './routes/asked.ts';
import type { Stages } from './stages.ts';

/** A request's whole way. `current` gives the stages in force now; a call keeps those it began with. */
export function gateway(current: () => Stages): (request: Incoming) => Promise<Delivery> {
  return async function handle(request) {
    const stage = current();
    const trace = stage.begin(request);
    const id = newCallId();
    let place: Place | undefined;
    let principal: Principal | undefined;
    let call: Call | undefined;
    let decision: Decision | undefined;
    try {
      place = stage.place(request);
      principal = await stage.identify(request);
      const run = await stage.locate(principal, request.headers);
      const body = await request.read(place.route.bodyBytesMax);
      const asked = await stage.resolve(request, place, { id, principal, run, body, nowMs: request.receivedAtMs });
      call = asked;
      const known = stage.recall(call);
      decision = known?.decision;
      if (known) throw known.error;
      for (let tries = 0; ;) {
        call = await stage.clear(call, request);
        const judged = stage.decide(call);
        ({ call, decision } = judged);
        const approved = await stage.approve(judged, request);
        if (!approved) continue;
        ({ call, decision } = approved);
        const permitted = stage.oblige(approved);
        const quote = stage.quote(permitted);
        const reservation = await stage.admit(permitted, { quote, request, trace });
        if ('standings' in reservation) return await carry(stage, { request, trace, place, quote, reservation });
        call = stage.rejoin(asked, reservation, (tries += 1));
      }
    } catch (thrown) {
      const error = toGatewayError(thrown);
      await stage.unsent(request);
      const delivery = stage.refuse(error, request, { id, place, call });
      const ended = { ...UNCARRIED, status: delivery.status, error, endedAtMs: stage.now() };
      stage.close({ id, request, principal, call, decision, ...ended }, trace);
      return delivery;
    }
  };
}

const UNCARRIED = {
  quote: undefined,
  standings: [],
  metered: undefined,
  ending: 'refused',
  firstByteAtMs: undefined,
  permitted: false,
} as const;

interface Admitted extends Pick<CallRecord, 'request'> {
  readonly trace: CallTrace;
  readonly place: Place;
  readonly quote: Charge;
  readonly reservation: Reservation;
}

/** From the reservation on: whatever happens, it ends once, in a settlement or a release, and the audit has its outcome. */
async function carry(stage: Stages, { request, trace, place, quote, reservation }: Admitted): Promise<Delivery> {
  const { call, standings } = reservation;
  const { id, access, decision } = call;
  const known = { id, request, principal: access.principal, decision, quote, standings };
  const flight = stage.enter(call);
  let permitted = false;
  let sent = call;
  let written: Journaled | undefined;
  try {
    written = await stage.journal(call);
    const repeat = written?.kind === 'recorded' ? written.answer : undefined;
    await stage.record(call, quote, standings, trace);
    permitted = true;
    const onTry = (candidate: PermittedCall): void => void (sent = candidate);
    const answer = repeat ?? (await stage.forward(call, { request, trace, flight, onTry }));
    const read = written?.kind === 'new' ? written.ticket.tap(answer) : answer;
    const tapped = stage.meter(sent, read, (end) => {
      flight.leave();
      if (repeat) reservation.release();
      else reservation.settle(end.metered.charge, sent, hasFailed(answer.status, end));
      const told = repeat ? { ...end, metered: undefined, isRepeat: true } : end;
      stage.close({ ...known, call: sent, ...told, permitted, status: answer.status, endedAtMs: stage.now() }, trace);
    });
    return stage.present(sent, tapped, standings, flight);
  } catch (thrown) {
    flight.leave();
    const error = flight.cut ?? toGatewayError(thrown);
    if (written?.kind === 'new') written.ticket.fail(error, permitted);
    const metered = permitted ? stage.unanswered(sent, error) : undefined;
    if (metered) reservation.settle(metered.charge, sent, true);
    else reservation.release();
    if (!permitted) await stage.unsent(request);
    const delivery = stage.refuse(error, request, { id, place, call: sent });
    const ending = permitted ? 'failed' : 'refused';
    const told = { permitted, status: delivery.status, metered, ending, error, endedAtMs: stage.now() } as const;
    stage.close({ ...known, call: sent, ...told, firstByteAtMs: undefined }, trace);
    return delivery;
  }
}
