// How an admission goes to scripts/admit.lua and comes back.
import { SWEEP_MAX } from './bounds.ts';
import { escaped } from './redis-keys.ts';
import type { AdmitRequest, AdmitResult, Claim, ClaimState } from './store.ts';

interface Moment {
  /** Milliseconds, or empty for the server's clock. */
  readonly now: string;
  /** The generation that this process has seen, or empty. */
  readonly generation: string;
  /** The generation to begin with where the tenant has none. */
  readonly first: string;
}

interface Admission {
  readonly generation: string;
  /** `gone` where the call was released before it was admitted. */
  readonly result: AdmitResult | 'gone';
}

export function admitArguments(
  { leaseMs, call }: AdmitRequest,
  claims: readonly Claim[],
  { now, generation, first }: Moment,
): readonly string[] {
  const args = [now, generation, first, String(leaseMs), escaped(call), String(SWEEP_MAX)];
  for (const { ask, limit, mode, enforced, window } of claims) {
    args.push(String(ask), String(limit), mode, enforced ? '1' : '0');
    if (window.kind === 'calendar') args.push('calendar', String(window.startMs), String(window.endMs));
    else args.push(window.kind === 'rolling' ? String(window.ms) : 'none');
  }
  return args;
}

/** Reads `kind generation index` and, on a second line, the states. */
export function readAdmission(reply: string): Admission {
  const end = reply.indexOf('\n');
  const [kind, generation, index] = reply.slice(0, end).split(' ') as [string, string, string];
  if (kind === 'gone') return { generation, result: kind };
  if (kind === 'lost') return { generation, result: { kind } };
  const states = readStates(reply.slice(end + 1));
  return {
    generation,
    result: kind === 'admitted' ? { kind, states } : { kind: 'exceeded', index: Number(index), states },
  };
}

/** `settled held resetMs retryMs`, per claim. */
function readStates(text: string): readonly ClaimState[] {
  const numbers = text.split(' ').map(Number);
  const states: ClaimState[] = [];
  for (let i = 3; i < numbers.length; i += 4) {
    const [settled, held, resetMs, retryMs] = numbers.slice(i - 3, i + 1) as [number, number, number, number];
    states.push({ settled, held, resetMs, retryMs });
  }
  return states;
}
