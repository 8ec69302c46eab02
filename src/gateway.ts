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
import type { CallRecord } from './core/record.ts';
import type { CallTrace } from './core/trace.ts';
import type { Charge } from './core/usage.ts';
import type { Delivery } from './http/deliver.ts';
import type { Reservation } from './limits/reserve.ts';
import type { Place } from './routes/resolve.ts';
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
      const run = stage.locate(principal, request.headers);
      const body = await request.read(place.route.bodyBytesMax);
      const read = stage.resolve(request, place, { id, principal, run, body, nowMs: request.receivedAtMs });
      call = read instanceof Promise ? await read : read;
      decision = stage.decide(call.access);
      const permitted = stage.oblige(call, decision);
      const quote = stage.quote(permitted);
      const reservation = await stage.admit(permitted, quote);
      return await carry(stage, permitted, { request, trace, place, decision, quote, reservation });
    } catch (thrown) {
      const error = toGatewayError(thrown);
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
  readonly decision: Decision;
  readonly quote: Charge;
  readonly reservation: Reservation;
}

/** From the reservation on: whatever happens, it ends once, in a settlement or a release, and the audit has its outcome. */
async function carry(stage: Stages, call: PermittedCall, admitted: Admitted): Promise<Delivery> {
  const { request, trace, place, decision, quote, reservation } = admitted;
  const { standings } = reservation;
  const { id, access } = call;
  const known = { id, request, principal: access.principal, call, decision, quote, standings };
  let permitted = false;
  try {
    await stage.record(call, quote, standings, trace);
    permitted = true;
    const answer = await stage.forward(call, { request, trace });
    const tapped = stage.meter(call, answer, (end) => {
      reservation.settle(end.metered.charge);
      stage.close({ ...known, ...end, permitted, status: answer.status, endedAtMs: stage.now() }, trace);
    });
    return stage.present(call, tapped, standings);
  } catch (thrown) {
    const error = toGatewayError(thrown);
    const metered = permitted ? stage.unanswered(call, error) : undefined;
    if (metered) reservation.settle(metered.charge);
    else reservation.release();
    const delivery = stage.refuse(error, request, { id, place, call });
    const ending = permitted ? 'failed' : 'refused';
    stage.close(
      {
        ...known,
        permitted,
        status: delivery.status,
        metered,
        ending,
        error,
        firstByteAtMs: undefined,
        endedAtMs: stage.now(),
      },
      trace,
    );
    return delivery;
  }
}
