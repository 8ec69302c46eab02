// The holds of one request: it waits for an approval, is judged again, and goes on where that approval is still what the
// policies ask for.
import type { Judged } from '../core/call.ts';
import type { Incoming } from '../core/exchange.ts';
import type { ApprovalsGate, Granted } from './approval-gate.ts';

export interface Holds {
  /**
   * What goes on: a call that nobody holds as it is, a held one with the permit that its approval gives. A promise for one
   * that has to be approved first: it is then to be judged again, since all may have changed meanwhile. Rejects as
   * `ApprovalsGate.hold` does. A hold without terms goes on as the refusal that it is.
   */
  pass(judged: Judged): Judged | Promise<undefined>;
  /** For a call that was not sent after all: its approval is there again. Never rejects. */
  giveBack(): Promise<void>;
}

/** For one request, whatever it is judged to be how often. */
export function holdsOf(gate: Pick<ApprovalsGate, 'hold'>, request: Pick<Incoming, 'onAbort'>): Holds {
  let granted: Granted | undefined;

  async function giveBack(): Promise<void> {
    const taken = granted;
    granted = undefined;
    await taken?.giveBack();
  }

  return {
    pass(judged) {
      const { call, decision } = judged;
      if (decision.effect !== 'hold' || !decision.held) return judged;
      const { terms, permit } = decision.held;
      if (granted?.covers(call, terms)) {
        const { id } = granted.approval;
        return { ...judged, call: { ...call, approval: id }, decision: permit };
      }
      return (async () => {
        // Of another candidate, or of policies that have changed meanwhile.
        await giveBack();
        granted = await gate.hold(call, { terms, reason: decision.reason }, request);
        return undefined;
      })();
    },
    giveBack,
  };
}
