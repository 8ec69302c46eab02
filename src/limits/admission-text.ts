// How an admission goes to scripts/admit.lua and comes back.
import { SWEEP_MAX } from './bounds.ts';
import { escaped } from './redis-keys.ts';
import type { AdmitRequest, AdmitResult, Claim, ClaimState } from './store.ts';

interface Moment {
  /** Milliseconds, or `-` for the server's clock. */
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

/** The words of an admission, in one text. */
export function admissionText(
  { leaseMs, call }: AdmitRequest,
  claims: readonly Claim[],
  { now, generation, first }: Moment,
): string {
  let words = `${now} ${generation || '-'} ${first || '-'} ${leaseMs} ${escaped(call)} ${SWEEP_MAX}`;
  for (const { ask, limit, mode, enforced, window } of claims) {
    words += ` ${ask} ${limit} ${mode} ${enforced ? '1' : '0'} `;
    if (window.kind === 'calendar') words += `calendar ${window.startMs} ${window.endMs}`;
    else words += window.kind === 'rolling' ? window.ms : 'none';
  }
  return words;
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
  const numbers = text.split(' ');
  const states: ClaimState[] = [];
  for (let i = 0; i + 3 < numbers.length; i += 4) {
    states.push({
      settled: Number(numbers[i]),
      held: Number(numbers[i + 1]),
      resetMs: Number(numbers[i + 2]),
      retryMs: Number(numbers[i + 3]),
    });
  }
  return states;
}
