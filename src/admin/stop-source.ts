import type { Clock } from '../core/clock.ts';
import type { Operator } from '../core/operator.ts';
import type { RunStore } from '../runs/store.ts';

/** A change that an operator asks for. */
export interface OperatorAction {
  readonly operator: Pick<Operator, 'subject' | 'issuer'>;
  readonly action: 'pause' | 'resume' | 'drain' | 'kill' | 'approve' | 'deny' | 'rollback';
  /** A run, an approval, or a scope of a tenant; the tenant `*` is every one. */
  readonly target: { readonly tenant: string } & (
    { readonly run: string } | { readonly approval: string } | { readonly scope: string }
  );
  readonly reason: string;
}

/** What stops need. */
export interface StopSource {
  readonly store: RunStore;
  readonly clock: Clock;
  /** Records a change before it is made. Rejects with `audit.unavailable`, and then it is not made. */
  readonly onAction: (action: OperatorAction) => Promise<void>;
}
