// The store, with the oracle looking at everything that reaches it.
import type { Clock } from '../../../../src/core/clock.ts';
import type { CallId } from '../../../../src/core/ids.ts';
import type { AdmitRequest, LedgerStore, SettleRequest } from '../../../../src/limits/store.ts';
import { releasedBefore } from '../../../../src/limits/unavailable.ts';
import type { LedgerOracle } from './oracle.ts';
import type { Admission } from './tenant-oracle.ts';

/** Looks at what reaches the store, for what only the gateways can know. */
export interface Witness {
  onOperation(words: string): void;
  onAdmit(request: AdmitRequest, answer: Admission): void;
  onSettle(request: SettleRequest): void;
  onRelease(call: CallId): void;
}

export interface WatchedSource {
  readonly store: LedgerStore;
  readonly oracle: LedgerOracle;
  readonly clock: Clock;
  readonly witness: Witness;
}

export function watchedStore({ store, oracle, clock, witness }: WatchedSource): LedgerStore {
  return {
    async admit(request: AdmitRequest) {
      const nowMs = clock.now();
      const answer = await store.admit(request).catch((error: unknown): Admission => {
        if ((error as Error).message === releasedBefore().message) return 'gone';
        throw error;
      });
      witness.onOperation(`admit ${request.tenant} ${request.call} ${answer === 'gone' ? answer : answer.kind}`);
      oracle.admitted(request, nowMs, answer);
      witness.onAdmit(request, answer);
      if (answer === 'gone') throw releasedBefore();
      return answer;
    },
    async settle(request) {
      const nowMs = clock.now();
      witness.onSettle(request);
      const ended = await store.settle(request);
      witness.onOperation(`settle ${request.tenant} ${request.call} ${request.actual.join(',')} ${ended}`);
      oracle.settled(request, nowMs, ended);
      return ended;
    },
    async release(tenant, call) {
      const nowMs = clock.now();
      witness.onRelease(call);
      const ended = await store.release(tenant, call);
      witness.onOperation(`release ${tenant} ${call} ${ended}`);
      oracle.released(tenant, call, nowMs, ended);
      return ended;
    },
    async renew(tenant, calls, leaseMs) {
      const nowMs = clock.now();
      await store.renew(tenant, calls, leaseMs);
      witness.onOperation(`renew ${tenant} ${calls.join(',')}`);
      oracle.renewed(tenant, calls, nowMs + leaseMs, nowMs);
    },
    ping: () => store.ping(),
    close: () => store.close(),
  };
}
