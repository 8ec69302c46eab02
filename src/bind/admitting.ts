// Part of the composition root: from a permit to a reservation, in a run that is still what it was.
import type { Config } from '../config/load.ts';
import { inRun, type PermittedCall } from '../core/call.ts';
import { TreeMoved } from '../core/tree-moved.ts';
import { localBounds } from '../limits/local-bounds.ts';
import { checkBounds } from '../runs/bounds.ts';
import { clearance } from '../runs/clearance.ts';
import { journalObligation, repeatOf } from '../runs/journal-gate.ts';
import { unlessRepeated } from '../runs/loop-admission.ts';
import type { Stages } from '../stages.ts';
import type { Parts } from './parts.ts';

type Admitting = Pick<Stages, 'clear' | 'admit' | 'rejoin' | 'enter' | 'journal'>;

/** How often a call is judged whose run changes meanwhile. */
const JUDGED_MAX = 10;

export function admitting(config: Config, { clock, limits, runs, history, journaled }: Parts): Admitting {
  const now = (): number => clock.now();
  const { limits: waiting } = config;
  const { boundsOf: localOf } = localBounds(config);
  return {
    clear: clearance({ registry: runs, now, waitMs: waiting.waitMs }),
    admit(call, { quote, request, trace }) {
      checkBounds(call, now());
      const repeated = history.loops.check(call, call.decision.bounds, call.localResults);
      const admission = limits
        .admit(call, { quote, request, trace, waiting, localBounds: localOf })
        .catch(movedOrThrow);
      if (!repeated) return admission;
      return unlessRepeated(repeated, admission, (held) => {
        if ('standings' in held) held.release();
      });
    },
    rejoin(call, moved, tries) {
      if (tries >= JUDGED_MAX) throw moved;
      return inRun(call, runs.learned(call.access.run, moved));
    },
    enter({ access: { run, principal } }) {
      if (run.tree.bornMs === undefined) runs.born(run, now());
      return runs.enter(run, principal);
    },
    journal(call) {
      const obligation = journalObligation(call.decision.obligations);
      return obligation && journaled(call, obligation, repeatOf(call));
    },
  };
}

/** A journaled call goes on though its client leaves: cut off, nobody would know what became of it. */
export function inItsOwnTime(call: PermittedCall): PermittedCall {
  return call.abortable && journalObligation(call.decision.obligations) ? { ...call, abortable: false } : call;
}

function movedOrThrow(thrown: unknown): TreeMoved {
  if (thrown instanceof TreeMoved) return thrown;
  throw thrown;
}
