// What a journaled call keeps for its undoing: the arguments of the compensation, worked out where both sides are at hand.
// INVARIANT: an argument is as the call or its result had it, or the call cannot be undone; nothing is guessed or rounded.
import type { Compensation } from '../core/decision.ts';
import type { JournalOutcome, PreparedUndo } from './journal.ts';

/** Of all arguments of one compensation, as JSON. */
const BYTES_MAX = 16_384;

/** What is known before the call is sent. */
export function prepareUndo(
  { tool, args: sources }: Compensation,
  callArgs: Readonly<Record<string, unknown>>,
): PreparedUndo {
  const args: Record<string, unknown> = {};
  const fromResult: Record<string, readonly string[]> = {};
  for (const [name, source] of Object.entries(sources)) {
    if ('literal' in source) args[name] = source.literal;
    else if (source.path[0] === 'result') fromResult[name] = source.path.slice(1);
    else {
      const found = valueAt(callArgs, source.path.slice(1));
      if (!('value' in found)) return faulty(tool, `${spoken(source.path)} ${found.fault}`);
      args[name] = found.value;
    }
  }
  return isSmall(args) ? { tool, args, fromResult, fault: undefined } : faulty(tool, TOO_LARGE);
}

/** What the result adds. */
export function undoFromResult(
  undo: PreparedUndo | undefined,
  result: unknown,
): Pick<JournalOutcome, 'args' | 'fault'> {
  const args: Record<string, unknown> = {};
  for (const [name, path] of Object.entries(undo?.fromResult ?? {})) {
    const found = valueAt(result, path);
    if (!('value' in found)) return { args: {}, fault: `${spoken(['result', ...path])} ${found.fault}` };
    args[name] = found.value;
  }
  return isSmall(args) ? { args, fault: undefined } : { args: {}, fault: TOO_LARGE };
}

const TOO_LARGE = 'the arguments of its compensation are too large to be kept';

function faulty(tool: string, fault: string): PreparedUndo {
  return { tool, args: {}, fromResult: {}, fault };
}

function valueAt(from: unknown, path: readonly string[]): { readonly value: unknown } | { readonly fault: string } {
  let value = from;
  for (const name of path) {
    const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
    if (!isThere) return { fault: 'is not there' };
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  if (value === undefined) return { fault: 'is not there' };
  return isExact(value) ? { value } : { fault: 'has a number too large to be repeated exactly' };
}

function isExact(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) || !Number.isInteger(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(isExact);
}

function isSmall(args: Readonly<Record<string, unknown>>): boolean {
  return JSON.stringify(args).length <= BYTES_MAX;
}

function spoken(path: readonly string[]): string {
  return `\`${path.join('.')}\``;
}
