// What a scenario leaves behind for the oracle to judge: nothing in here is a gateway's own opinion but its audit and log.
import type { AuditReport } from '../../src/audit/report.ts';
import type { AuditLine } from './audit-tail.ts';
import type { ClientCall } from './traffic.ts';
import type { Arrival } from './witness.ts';

/** As the audit names what a charge has, and `requests`, which is one per call. */
export type Unit = 'requests' | 'tokens' | 'usdMicros';

export interface Evidence {
  readonly calls: readonly ClientCall[];
  readonly arrivals: readonly Arrival[];
  readonly lines: readonly AuditLine[];
  /** Of `verifyAudit` on all folders, with the heads that Redis knows where it still does. */
  readonly report: AuditReport;
  readonly gateways: readonly GatewayEnd[];
  /** Undefined where a scenario has destroyed the ledger, or has none. */
  readonly ledger: LedgerEnd | undefined;
  /** Limits by id, in their own unit; one that counts by runs counts each call so many times, once for every run above it. */
  readonly limits: Readonly<Record<string, { readonly unit: Unit; readonly limit: number; readonly times?: number }>>;
  /** Text that must stand nowhere but where it belongs. */
  readonly marks: Readonly<Record<string, string>>;
  /** Where marks are searched for, besides what clients got: logs, audit, spans, Redis. */
  readonly places: Readonly<Record<string, string>>;
  /** How long the machine kept a process waiting for a core (stalls.ts), in milliseconds. */
  readonly stallMs: number;
  readonly tolerances: Tolerances;
}

/** One process, from start to end. */
export interface GatewayEnd {
  readonly name: string;
  readonly code: number | null;
  /** Ended by our SIGKILL, or at once by a second SIGTERM: it could close nothing. */
  readonly killed: boolean;
  readonly output: string;
}

export interface LedgerEnd {
  /** The highest `settled + held` that any look during the scenario found, and how often was looked, by counter. */
  readonly worst: Readonly<Record<string, number>>;
  readonly looks: number;
  readonly final: readonly CounterEnd[];
  /** Ids of the calls whose reservations have not ended. */
  readonly leases: readonly string[];
}

export interface CounterEnd {
  /** The limit it counts for, e.g. `money/calls`. */
  readonly quota: string;
  readonly key: string;
  readonly settled: number;
  readonly held: number;
}

/** What a fault may cost, said by the scenario that injects it. */
export interface Tolerances {
  /** Requests of one call that the upstream may see: 2 where it answers with statuses that are tried again. */
  readonly triesMax?: number;
  /** Entries may be missing, as far as the chain itself says so. */
  readonly auditGap?: boolean;
  /** The heads that Redis kept are gone with its data. */
  readonly headsLost?: boolean;
  /** A replica that lagged became master: what it had not seen is gone, so counters may stand too low. */
  readonly replicaLags?: boolean;
  /** The ledger cannot be compared with the audit at all. */
  readonly ledgerLost?: boolean;
  /** Exit codes besides 0, of gateways that were not killed. */
  readonly exitCodes?: readonly number[];
  /** Answers with status 200 may differ from what the upstream sent: it broke off, and the dialect's error event followed. */
  readonly brokenAnswers?: boolean;
  /** How long a refusal may take, by the gateway's own clock; 250 ms unless set, null where nothing is promised. */
  readonly refusalMs?: number | null;
}
