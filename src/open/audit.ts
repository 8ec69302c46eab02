// Part of the composition root: the audit, and what is written there besides calls.
import type { ApiSource } from '../admin/api.ts';
import { startAnchoring } from '../audit/anchor.ts';
import { operatorEntry } from '../audit/entry.ts';
import { openAudit as openLog } from '../audit/log.ts';
import { type AuditRecorder, auditRecorder } from '../audit/recorder.ts';
import type { Config } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import type { RunRevoked } from '../identity/revoke.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Ledger } from './ledger.ts';

const ANCHOR_MS = 5_000;

export interface Audit {
  readonly isUp: boolean;
  readonly recorder: AuditRecorder;
  /** What an operator does. Rejects with `audit.unavailable`. */
  readonly onAction: ApiSource['onAction'];
  /** That a run is ended because its token was revoked. Rejects with `audit.unavailable`. */
  readonly onRevoked: (revoked: RunRevoked) => Promise<void>;
  close(): Promise<void>;
}

export interface AuditSource {
  readonly config: Config;
  readonly ledger: Pick<Ledger, 'anchors'>;
  readonly telemetry: Telemetry;
  /** Names this process's chain. */
  readonly instance: string;
}

/** Rejects where the audit cannot be written. */
export async function openAudit({ config, ledger, telemetry, instance }: AuditSource): Promise<Audit> {
  const clock = systemClock;
  const { log, metrics, redactor } = telemetry;
  const written = await openLog({
    config: config.audit,
    clock,
    instance,
    onChange: (state, cause) =>
      state === 'up'
        ? log.info('the audit is written again')
        : log.error('the audit cannot be written: no call is sent', { cause }),
  });
  const anchoring =
    ledger.anchors &&
    startAnchoring({
      log: written,
      store: ledger.anchors,
      now: () => clock.now(),
      everyMs: ANCHOR_MS,
      onFailure: () => metrics.storeFailed('anchor'),
    });
  return {
    get isUp() {
      return written.isUp;
    },
    recorder: auditRecorder({
      log: written,
      clock,
      mask: redactor.mask,
      onLost: (kind) => metrics.auditFailed(kind),
    }),
    onAction: ({ target, ...action }) => written.append(operatorEntry(clock.now(), { ...action, ...target })),
    onRevoked({ tenant, path, by }) {
      const operator = { subject: by, issuer: config.delegation?.issuer };
      const what = { operator, action: 'end', tenant, run: path.at(-1), reason: 'its token was revoked' };
      return written.append(operatorEntry(clock.now(), what));
    },
    async close() {
      await written.close();
      await anchoring?.close();
    },
  };
}
