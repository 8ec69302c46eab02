// Calls as a permit would hand them on.
import { parseResource } from '../../src/core/access.ts';
import type { Action } from '../../src/core/access.ts';
import type { PermittedCall } from '../../src/core/call.ts';
import { UNBOUND } from '../../src/core/decision.ts';
import type { MicroUsd } from '../../src/core/money.ts';
import { principalId } from '../../src/core/principal.ts';
import type { Quota } from '../../src/core/quota.ts';
import type { Admission, WaitingConfig } from '../../src/limits/admission.ts';
import type { Charge } from '../../src/core/usage.ts';
import { rootRun } from '../support/runs.ts';
import { callId, freshTenant, MINUTE } from './ledger.ts';

export interface CallParts {
  readonly quotas: readonly Quota[];
  readonly action?: Action;
  /** `kind/upstream/name`. */
  readonly resource?: string;
  readonly tenant?: string;
  readonly subject?: string;
  readonly agent?: string;
  readonly run?: string;
  /** Of its body. */
  readonly bytes?: number;
  readonly abortable?: boolean;
}

/** A call of `model/openai/gpt` by agent `ci`, of subject `ada`. */
export function permitted(parts: CallParts): PermittedCall {
  const { quotas, action = 'model.generate', resource = 'model/openai/gpt' } = parts;
  const { tenant = freshTenant(), subject = 'ada', agent = 'ci' } = parts;
  const { run = 'run_1', bytes = 0, abortable = true } = parts;
  const principal = { id: principalId(tenant, subject, agent), tenant, subject, agent };
  const access = { principal, action, resource: parseResource(resource), run: rootRun(run) };
  const known = {
    id: callId(),
    access,
    decision: { quotas, obligations: [], ...UNBOUND },
    body: Buffer.alloc(bytes),
    abortable,
  };
  return { ...known, candidates: [], fallbacks: [] } as unknown as PermittedCall;
}

export function quota(parts: Partial<Quota> = {}): Quota {
  const window = { kind: 'rolling', ms: MINUTE } as const;
  return { id: 'research/pace', kind: 'rate', unit: 'requests', amount: 60, window, per: [], enforced: true, ...parts };
}

export const BUDGET = quota({
  id: 'research/month',
  kind: 'budget',
  unit: 'money',
  amount: 1_000_000,
  window: { kind: 'calendar', every: 'month', timezone: 'Europe/Berlin' },
});

export const AT_ONCE = quota({
  id: 'research/at-once',
  kind: 'concurrency',
  unit: 'concurrency',
  amount: 2,
  window: { kind: 'none' },
});

export function charge(tokens: number, money = 0): Charge {
  return { tokens, money: money as MicroUsd };
}

/** Room for everybody, and no wait. */
export const NO_WAIT: WaitingConfig = { waitMs: 0, waitingMax: 1_000, waitingPerTenantMax: 1_000 };

/** How a call that its client never leaves asks to be let in. */
export function admission(quote: Charge, parts: Partial<Admission> = {}): Admission {
  return { quote, waiting: NO_WAIT, request: { onAbort() {} }, trace: { waited() {} }, ...parts };
}
