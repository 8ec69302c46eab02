// What can have become of each call, by all that its clients were told: the automaton of a reservation, where answers
// that were lost leave several ways open.
import type { Claim } from '../../../../src/limits/store.ts';
import type { Answer, Operation } from './operation.ts';

export interface Fate {
  readonly call: string;
  /** The claims that it was asked with, and all its operations in order of their asking. */
  readonly claims: readonly Claim[];
  readonly operations: readonly Operation[];
  readonly isAdmitted: 'yes' | 'maybe' | 'no';
  /** Of the admission: at the earliest it was made at the first of these, and at the latest at the second. */
  readonly admittedMs: readonly [number, number];
  /** When its lease can have lapsed at the earliest and at the latest. */
  readonly lapsesMs: readonly [number, number];
  /** What each claim may have been charged, once the lease is over: each way that it can have ended. */
  readonly charges: readonly (readonly number[])[];
  readonly faults: readonly string[];
}

export function fatesOf(operations: readonly Operation[]): readonly Fate[] {
  const byCall = new Map<string, Operation[]>();
  const note = (call: string, operation: Operation): void => {
    const known = byCall.get(call);
    if (known) known.push(operation);
    else byCall.set(call, [operation]);
  };
  for (const operation of operations) {
    const { asked } = operation;
    for (const call of asked.kind === 'renew' ? asked.calls : [asked.call]) note(call, operation);
  }
  return [...byCall].map(([call, own]) => fateOf(call, own));
}

function fateOf(call: string, operations: readonly Operation[]): Fate {
  const admissions = operations.filter(({ asked }) => asked.kind === 'admit');
  const [first] = admissions;
  const asked = first?.asked.kind === 'admit' ? first.asked : undefined;
  const claims = asked?.chain.flatMap((link) => link.claims) ?? [];
  const booked = admissions.filter((one) => answerOf(one)?.kind === 'admitted');
  const ends = operations.filter(({ asked: { kind } }) => kind === 'settle' || kind === 'release');
  const ended = ends.filter(isEnd);
  const asking = admissions.filter(
    ({ outcome }) => outcome.kind === 'info' || answerOf({ outcome })?.kind === 'admitted',
  );
  const earliestMs = Math.min(...asking.map(({ invokedMs }) => invokedMs));
  const latestMs = Math.min(...[...booked, ...ended].map(({ completedMs }) => completedMs));
  const lapsesMs = lapseOf(operations, { earliestMs, latestMs, leaseMs: asked?.leaseMs ?? 0 });
  // A release that ends nothing is remembered: no admission after it books anything.
  const isTakenBack = ends.some(
    (one) => one.asked.kind === 'release' && answerOf(one) && !isEnd(one) && one.completedMs < lapsesMs[0],
  );
  const isKnown = booked.length + ended.length > 0;
  const isOpen = asking.length > 0 && !(isTakenBack && !ends.some(({ outcome }) => outcome.kind === 'info'));
  const isAdmitted = isKnown ? 'yes' : isOpen ? 'maybe' : 'no';
  const known = { call, claims, operations, isAdmitted, admittedMs: [earliestMs, latestMs], lapsesMs } as const;
  return { ...known, charges: claims.map((_, index) => chargesOf(known, index)), faults: faultsOf(known) };
}

type Known = Omit<Fate, 'charges' | 'faults'>;

/** A renewal whose answer was lost may be carried out at any time. */
function lapseOf(
  operations: readonly Operation[],
  {
    earliestMs,
    latestMs,
    leaseMs,
  }: { readonly earliestMs: number; readonly latestMs: number; readonly leaseMs: number },
): readonly [number, number] {
  let [first, last] = [earliestMs + leaseMs, latestMs + leaseMs];
  for (const { asked, outcome, completedMs } of operations) {
    if (asked.kind === 'renew' && outcome.kind !== 'fail') last = Math.max(last, completedMs + asked.leaseMs);
  }
  return [first, last];
}

/** Each way that a reservation can have ended, in what it charged for a claim. */
function chargesOf({ claims, operations, isAdmitted }: Known, index: number): readonly number[] {
  const { ask, mode } = claims[index] as Claim;
  if (isAdmitted === 'no') return [0];
  const never = isAdmitted === 'maybe' ? [0] : [];
  if (mode === 'spend') return [ask, ...never];
  const usedBy = ({ asked }: Operation): number => (asked.kind === 'settle' ? (asked.actual[index] ?? ask) : 0);
  const end = operations.find(isEnd);
  if (end) return [usedBy(end)];
  const unknown = operations.filter(
    ({ asked, outcome }) => outcome.kind === 'info' && (asked.kind === 'settle' || asked.kind === 'release'),
  );
  return [ask, ...never, ...unknown.map(usedBy)];
}

/** Milliseconds by which two processes may see the clock apart, and an answer its question. */
const SLACK_MS = 5;

/** Edges that the automaton does not have. */
function faultsOf({ call, operations, isAdmitted, admittedMs, lapsesMs }: Known): readonly string[] {
  const faults: string[] = [];
  const ends = operations.filter(isEnd);
  if (ends.length > 1) faults.push(`${call} ended ${ends.length} times`);
  const wasAsked = operations.some(({ asked }) => asked.kind === 'admit');
  for (const end of ends) {
    if (!wasAsked || admittedMs[0] === Infinity) faults.push(`${call} ended, and was never admitted`);
    if (end.completedMs + SLACK_MS < admittedMs[0]) faults.push(`${call} ended before it was admitted`);
    if (end.invokedMs > lapsesMs[1] + SLACK_MS) faults.push(`${call} ended after its lease had lapsed`);
  }
  const others = operations.filter(({ asked: { kind } }) => kind === 'settle' || kind === 'release');
  const refused = others.find((one) => answerOf(one) && !isEnd(one) && one.completedMs + SLACK_MS < lapsesMs[0]);
  const hasCause =
    isAdmitted !== 'yes' ||
    !refused ||
    others.some((one) => one !== refused && (isEnd(one) || one.outcome.kind === 'info'));
  const began = operations.find((one) => answerOf(one)?.kind === 'admitted');
  if (!hasCause && began && refused && began.completedMs < refused.invokedMs)
    faults.push(`${call} had ended without an end`);
  return [...faults, ...repeatsOf(call, operations)];
}

/** An admission asked again is told what it was told before. */
function repeatsOf(call: string, operations: readonly Operation[]): readonly string[] {
  const admitted = operations.filter((one) => answerOf(one)?.kind === 'admitted');
  const [first] = admitted;
  if (!first) return [];
  const told = JSON.stringify(answerOf(first));
  const otherwise = admitted.filter((one) => JSON.stringify(answerOf(one)) !== told);
  const refused = operations.filter(
    (one) => answerOf(one)?.kind === 'exceeded' && one.invokedMs > first.completedMs + SLACK_MS,
  );
  return [...otherwise, ...refused].map(() => `${call} asked again was told otherwise`);
}

function isEnd(operation: Operation): boolean {
  const answer = answerOf(operation);
  return answer?.kind === 'ended' && answer.ended;
}

export function answerOf({ outcome }: Pick<Operation, 'outcome'>): Answer | undefined {
  return outcome.kind === 'ok' ? outcome.answer : undefined;
}
