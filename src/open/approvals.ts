// Part of the composition root: the approvals that policies ask for, and whom their notices go to.
import type { Config } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { systemSchedule } from '../limits/schedule.ts';
import type { Ledger } from './ledger.ts';
import type { OutboundClient } from '../outbound/client.ts';
import { webhook } from '../outbound/webhook.ts';
import { type ApprovalsGate, approvalsGate } from '../runs/approval-gate.ts';
import { memoryApprovals } from '../runs/approval-memory.ts';
import { redisApprovals } from '../runs/approval-redis.ts';
import type { ApprovalStore } from '../runs/approval-store.ts';
import { approvalNotice } from '../runs/approval-texts.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

export interface Approvals {
  readonly store: ApprovalStore;
  readonly gate: ApprovalsGate;
  close(): Promise<void>;
}

export interface ApprovalsSource {
  readonly config: Config;
  readonly ledger: Pick<Ledger, 'client'>;
  readonly outbound: OutboundClient;
  readonly telemetry: Telemetry;
}

export function openApprovals({ config, ledger, outbound, telemetry }: ApprovalsSource): Approvals {
  const clock = systemClock;
  const store = ledger.client ? redisApprovals({ client: ledger.client }) : memoryApprovals({ clock });
  const { webhook: receiver } = config.approvals;
  const hook =
    receiver &&
    webhook({
      client: outbound,
      url: receiver.url,
      secret: receiver.secret === undefined ? undefined : config.secret(receiver.secret),
      clock,
      after: (ms, work) => systemSchedule.after(ms, work),
      onLost(id, why) {
        telemetry.metrics.storeFailed('approval-notice');
        telemetry.log.warn('a notice of an approval did not arrive', { approval: id, why });
      },
    });
  const gate = approvalsGate({
    store,
    timers: systemSchedule,
    notify: (approval) => hook?.send(approval.id, { ...approvalNotice(approval) }),
  });
  return { store, gate, close: async () => hook?.close() };
}
