import type { AuditRecorder } from '../audit/recorder.ts';
import type { Clock } from '../core/clock.ts';
import type { KeySet } from '../identity/jwks.ts';
import type { RunRevoked } from '../identity/revoke.ts';
import type { Reserver } from '../limits/reserve.ts';
import type { LedgerStore } from '../limits/store.ts';
import type { LearnedOutput } from '../metering/learned-output.ts';
import type { Approvals } from '../open/approvals.ts';
import type { OpenDelegation } from '../open/delegation.ts';
import type { History } from '../open/history.ts';
import type { Notices } from '../open/notices.ts';
import type { ReadLarge } from '../routes/body-threads.ts';
import type { JournalGate } from '../runs/journal-gate.ts';
import type { Registry } from '../runs/registry.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** What the stages need that outlives a reload. */
export interface Parts {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly limits: Reserver;
  readonly runs: Registry;
  readonly history: History;
  /** Undefined where the gateway makes no tokens. */
  readonly delegation: OpenDelegation | undefined;
  /** Records that a run is ended because its token was revoked. Rejects with `audit.unavailable`. */
  readonly onRevoked: (revoked: RunRevoked) => Promise<void>;
  readonly approvals: Approvals;
  readonly notices: Notices;
  readonly ledger: LedgerStore;
  readonly journaled: JournalGate;
  readonly recorder: AuditRecorder;
  readonly learned: LearnedOutput;
  readonly remoteKeys: (url: string, staleMs?: number) => KeySet;
  /** Folder of the dev issuer's key. */
  readonly dir: string;
  readonly sha256: (text: string) => string;
  readonly readLarge: ReadLarge;
}
