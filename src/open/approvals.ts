// Part of the composition root: the approvals that policies ask for.
import { systemClock } from '../core/clock.ts';
import { systemSchedule } from '../limits/schedule.ts';
import { type ApprovalsGate, approvalsGate } from '../runs/approval-gate.ts';
import { memoryApprovals } from '../runs/approval-memory.ts';
import { redisApprovals } from '../runs/approval-redis.ts';
import type { ApprovalStore } from '../runs/approval-store.ts';
import { approvalNotice } from '../runs/approval-texts.ts';
import type { Ledger } from './ledger.ts';
import type { Notices } from './notices.ts';

export interface Approvals {
  readonly store: ApprovalStore;
  readonly gate: ApprovalsGate;
}

export function openApprovals({ client }: Pick<Ledger, 'client'>, notices: Notices): Approvals {
  const store = client ? redisApprovals({ client }) : memoryApprovals({ clock: systemClock });
  const gate = approvalsGate({
    store,
    timers: systemSchedule,
    notify: (approval) => notices.send(approval.id, { ...approvalNotice(approval) }),
  });
  return { store, gate };
}
