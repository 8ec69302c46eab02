import { restoreNames } from './functions.ts';

/** What evaluating a condition gave. */
export type Outcome = boolean | Failure;

/** Why a condition could not be evaluated. Public. */
export interface Failure {
  readonly failure: string;
}

/** Runs an evaluation. What is neither true nor false, and what throws, is a failure. */
export function outcomeOf<T>(evaluate: (on: T) => unknown, on: T): Outcome {
  try {
    const value = evaluate(on);
    return typeof value === 'boolean' ? value : { failure: 'it is neither true nor false' };
  } catch (thrown) {
    return { failure: publicText(thrown) };
  }
}

/** The engine's message without its drawing of the place, in our form. */
export function publicText(thrown: unknown): string {
  const { summary, message } = thrown as { readonly summary?: string; readonly message: string };
  const text = restoreNames(summary ?? message);
  return text.charAt(0).toLowerCase() + text.slice(1);
}
