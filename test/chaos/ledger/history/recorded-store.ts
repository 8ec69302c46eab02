import type { AdmitResult, LedgerStore } from '../../../../src/limits/store.ts';
import { isNotAsked, releasedBefore } from '../../../../src/limits/unavailable.ts';
import type { Dice } from '../dice.ts';
import type { Answer, Asked, OperationLog, Outcome } from './operation.ts';

/** The store, with everything written down that it is asked and that it answers. Now and then it is asked the same again. */
export function recordedStore(store: LedgerStore, { log, dice }: { log: OperationLog; dice: Dice }): LedgerStore {
  async function record<T>(asked: Asked, ask: () => Promise<T>, read: (answer: T) => Answer): Promise<T> {
    const note = log.begin(asked);
    try {
      const answer = await ask();
      note({ kind: 'ok', answer: read(answer) });
      return answer;
    } catch (thrown) {
      note(outcomeOf(thrown));
      throw thrown;
    }
  }

  async function ask<T>(asked: Asked, question: () => Promise<T>, read: (answer: T) => Answer): Promise<T> {
    const repeat = (): void => {
      if (asked.kind !== 'renew' && dice.chance(0.1)) record(asked, question, read).catch(() => {});
    };
    try {
      const answer = await record(asked, question, read);
      if (read(answer).kind !== 'exceeded') repeat();
      return answer;
    } catch (thrown) {
      repeat();
      throw thrown;
    }
  }

  const ended = (answer: boolean): Answer => ({ kind: 'ended', ended: answer });
  return {
    admit: (request) =>
      ask(
        { kind: 'admit', call: request.call, chain: request.chain, leaseMs: request.leaseMs },
        () => store.admit(request),
        (result) => answerOf(result),
      ),
    settle: (request) =>
      ask({ kind: 'settle', call: request.call, actual: request.actual }, () => store.settle(request), ended),
    release: (tenant, call) => ask({ kind: 'release', call }, () => store.release(tenant, call), ended),
    renew: (tenant, calls, leaseMs) =>
      ask(
        { kind: 'renew', calls, leaseMs },
        () => store.renew(tenant, calls, leaseMs),
        () => ({ kind: 'renewed' }),
      ),
    ping: () => store.ping(),
    close: () => store.close(),
  };
}

function outcomeOf(thrown: unknown): Outcome {
  const isReleased = ((thrown as Error).cause as Error | undefined)?.message === RELEASED;
  return { kind: isNotAsked(thrown) || isReleased ? 'fail' : 'info' };
}

const RELEASED = (releasedBefore().cause as Error).message;

function answerOf(result: AdmitResult): Answer {
  // No run stands behind the calls of a history.
  if (result.kind === 'moved') throw new Error('an admission without a run was judged again');
  return result.kind === 'lost' ? result : { kind: result.kind, states: result.states };
}
