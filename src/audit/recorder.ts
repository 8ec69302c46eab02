import type { PermittedCall } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import type { Standing } from '../core/quota.ts';
import type { CallRecord } from '../core/record.ts';
import type { Charge } from '../core/usage.ts';
import { outcomeEntry, permitEntry, refusalEntry } from './entry.ts';
import type { AuditLog } from './log.ts';

/** Writes calls into the audit. */
export interface AuditRecorder {
  /** Resolves once the permit stands; rejects with `audit.unavailable`, and then the call must not go on. */
  permit(call: PermittedCall, details: PermitRecord): Promise<void>;
  /** The end of a call: the outcome of its permit, or where it has none its refusal. Nobody waits for it. */
  end(record: CallRecord, traceId: string): void;
}

export interface PermitRecord {
  readonly quote: Charge;
  readonly standings: readonly Standing[];
  readonly traceId: string;
}

export interface RecorderSource {
  readonly log: AuditLog;
  readonly clock: Clock;
  /** Takes credentials out of what a client wrote. */
  readonly mask: (text: string) => string;
  /** Told of an entry that will never stand. */
  readonly onLost: (kind: 'permit' | 'outcome' | 'refusal', cause: unknown) => void;
}

export function auditRecorder({ log, clock, mask, onLost }: RecorderSource): AuditRecorder {
  return {
    permit: (call, { quote, standings, traceId }) =>
      log.append(permitEntry(call, { atMs: clock.now(), quote, standings, traceId })).catch((error: unknown) => {
        onLost('permit', error);
        throw error;
      }),
    end(record, traceId) {
      const entry = record.permitted ? outcomeEntry(record, traceId) : refusalEntry(record, traceId, mask);
      log.keep(entry, (error) => onLost(record.permitted ? 'outcome' : 'refusal', error));
    },
  };
}
