// A row of the fault programme: what is broken, and how it ends.
import { STALL_MAX_MS } from './invariants/outside.ts';
import type { Violation } from './oracle.ts';

export interface Setting {
  readonly seed: number;
  /** The long form: real outages, more rounds. The short one is for CI. */
  readonly long: boolean;
}

export interface Outcome {
  readonly violations: readonly Violation[];
  readonly figures: Readonly<Record<string, string | number>>;
  /** Why it could not be tried here; then nothing was proved. */
  readonly skipped?: string;
}

export interface Scenario {
  /** As the fault programme numbers it. */
  readonly id: string;
  readonly title: string;
  readonly run: (setting: Setting) => Promise<Outcome>;
}

/** What another test holds, so that the programme does not say it again. */
export interface HeldElsewhere {
  readonly id: string;
  readonly title: string;
  /** File and name of the test. */
  readonly heldBy: readonly string[];
}

/** What a scenario itself expects, beside the invariants that the oracle checks after each. */
export class Expectations {
  readonly violations: Violation[] = [];
  readonly #rig: { readonly stallMs: number };

  constructor(rig: { readonly stallMs: number }) {
    this.#rig = rig;
  }

  /** A promise about time: judged only where the machine itself keeps time. */
  inTime(holds: boolean, detail: string): void {
    if (this.#rig.stallMs <= STALL_MAX_MS) this.that(holds, detail);
  }

  that(holds: boolean, detail: string): void {
    if (!holds) this.violations.push({ invariant: 'expected', detail });
  }
}

export function skipped(why: string): Outcome {
  return { violations: [], figures: {}, skipped: why };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The q-quantile in whole milliseconds; 0 of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0);
}

/** How long it took to be well again after a fault, which must be no more than 5 s. */
export const RECOVERY_MAX_MS = 5_000;

/** What every scenario tells: how late the machine was, and so whether its times were judged. */
export function timing(rig: { readonly stallMs: number }): Record<string, string | number> {
  return { stallMs: rig.stallMs, ...(rig.stallMs > STALL_MAX_MS && { times: 'not judged' }) };
}
