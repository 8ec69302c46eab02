import type { Clock } from '../core/clock.ts';
import { type AnchorStore, startAnchoring } from './anchor.ts';
import { openAudit } from './log.ts';
import { type AuditRecorder, auditRecorder, type RecorderSource } from './recorder.ts';
import type { AuditConfig } from './schema.ts';

/** The audit of one process: what the pipeline records in, and its end. */
export interface AuditStage extends AuditRecorder {
  /** False while nothing can be written, and so nothing is permitted. */
  readonly isUp: boolean;
  /** Writes what is left, closes the chain and anchors its end. */
  close(): Promise<void>;
}

export interface AuditStageSource extends Pick<RecorderSource, 'mask' | 'onLost'> {
  readonly config: AuditConfig;
  readonly clock: Clock;
  /** Unique to this process: letters, digits, `.`, `_` and `-`. */
  readonly instance: string;
  /** Where the chain's head is kept; undefined where there is no store but this process. */
  readonly anchors: AnchorStore | undefined;
  /** Told when writing fails, and when it works again. */
  readonly onChange: (state: 'up' | 'down', cause: unknown) => void;
  /** Told of an anchor that could not be put. */
  readonly onUnanchored: (cause: unknown) => void;
}

const ANCHOR_MS = 5_000;

/** Rejects with `audit.unavailable` where the first line cannot be written: a gateway without an audit does not start. */
export async function openAuditStage(source: AuditStageSource): Promise<AuditStage> {
  const { config, clock, instance, anchors, mask, onLost, onChange, onUnanchored } = source;
  const log = await openAudit({ config, clock, instance, onChange });
  const recorder = auditRecorder({ log, clock, mask, onLost });
  const anchoring =
    anchors &&
    startAnchoring({ log, store: anchors, now: () => clock.now(), everyMs: ANCHOR_MS, onFailure: onUnanchored });
  return {
    ...recorder,
    get isUp() {
      return log.isUp;
    },
    async close() {
      await log.close();
      await anchoring?.close();
    },
  };
}
