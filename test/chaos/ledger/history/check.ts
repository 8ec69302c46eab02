/**
 * Whether a history of operations and the ledger that it left behind can be one of a ledger that keeps its promises:
 * Σ of what was surely charged ≤ ledger ≤ Σ of what may have been, each reservation ended once and by an end that there
 * is, nothing is held once all leases are over, and no admission passed a limit.
 */
import type { Claim } from '../../../../src/limits/store.ts';
import { answerOf, type Fate, fatesOf } from './fate.ts';
import type { Operation } from './operation.ts';
import { passed } from './passed.ts';

/** What a counter stood at after all leases were over, by its key. */
export type Ledger = ReadonlyMap<string, { readonly settled: number; readonly held: number }>;

export interface Checked {
  readonly operations: number;
  readonly calls: number;
  /** Operations of unknown outcome. */
  readonly unknown: number;
  readonly violations: readonly string[];
}

export function check(operations: readonly Operation[], ledger: Ledger): Checked {
  const fates = fatesOf(operations);
  const violations = [
    ...fates.flatMap(({ faults }) => faults),
    ...operations.flatMap(untrue),
    ...totals(fates, ledger),
    ...countersOf(fates).flatMap(({ claim, fates: own }) => passed(claim, own)),
  ];
  const unknown = operations.filter(({ outcome }) => outcome.kind === 'info').length;
  return { operations: operations.length, calls: fates.length, unknown, violations };
}

/** What an answer says that no answer may say. */
function untrue(operation: Operation): readonly string[] {
  const answer = answerOf(operation);
  if (answer?.kind === 'lost') return ['the ledger is said to be lost'];
  if (answer?.kind !== 'admitted' || operation.asked.kind !== 'admit') return [];
  const { call, chain } = operation.asked;
  return chain
    .flatMap(({ claims }) => claims)
    .flatMap(({ enforced, limit, key }, index) => {
      const { settled = 0, held = 0 } = answer.states[index] ?? {};
      const isOver = enforced && settled + held > limit;
      return isOver ? [`${call} was admitted at ${key} with ${settled} + ${held} of ${limit}`] : [];
    });
}

/** A calendar's counters keep everything: the period is longer than any history. */
function totals(fates: readonly Fate[], ledger: Ledger): readonly string[] {
  const faults: string[] = [];
  for (const { claim, fates: own } of countersOf(fates)) {
    const { settled = 0, held = 0 } = ledger.get(claim.key) ?? {};
    if (held !== 0) faults.push(`${claim.key} holds ${held} though all leases are over`);
    if (claim.window.kind !== 'calendar') continue;
    const charges = own.map((fate) => fate.charges[fate.claims.findIndex(({ key }) => key === claim.key)] ?? [0]);
    const least = charges.reduce((sum, some) => sum + Math.min(...some), 0);
    const most = charges.reduce((sum, some) => sum + Math.max(...some), 0);
    if (settled < least || settled > most)
      faults.push(`${claim.key} has ${settled} settled, and it must be from ${least} to ${most}`);
  }
  return faults;
}

interface OfCounter {
  readonly claim: Claim;
  readonly fates: readonly Fate[];
}

function countersOf(fates: readonly Fate[]): readonly OfCounter[] {
  const counters = new Map<string, { readonly claim: Claim; readonly fates: Fate[] }>();
  for (const fate of fates)
    for (const claim of fate.claims) {
      const known = counters.get(claim.key) ?? { claim, fates: [] };
      known.fates.push(fate);
      counters.set(claim.key, known);
    }
  return [...counters.values()];
}
