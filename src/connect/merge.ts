// What a file says after its settings have been put in: the meaning that every edit is checked against.
import type { Tree } from './client.ts';

export interface Wanted {
  readonly settings: Tree;
  readonly defaults?: Tree;
}

/** A file cannot be edited without harm; the message says why and names no value. */
export class CannotEdit extends Error {
  override readonly name = 'CannotEdit';
}

/** The content with the settings in it: maps by their keys, lists of things with an `id` by that, all else replaced. */
export function merged(content: unknown, { settings, defaults = {} }: Wanted): unknown {
  return mergeMap(mergeMap(content, settings, takeNew), defaults, keepOld);
}

type Choose = (old: unknown, wanted: unknown) => unknown;
const takeNew: Choose = (_, wanted) => wanted;
const keepOld: Choose = (old, wanted) => old ?? wanted;

function mergeMap(content: unknown, wanted: Readonly<Record<string, unknown>>, choose: Choose): unknown {
  const base = isMap(content) ? content : {};
  const parts = Object.entries(wanted).map(([key, value]) => [key, mergeValue(base[key], value, choose)]);
  return { ...base, ...Object.fromEntries(parts) };
}

function mergeValue(old: unknown, wanted: unknown, choose: Choose): unknown {
  if (isMap(wanted)) return old === undefined || isMap(old) ? mergeMap(old, wanted, choose) : choose(old, wanted);
  if (!isKeyedList(wanted) || !Array.isArray(old)) return choose(old, wanted);
  return wanted.reduce<readonly unknown[]>((list, one) => {
    const at = indexOf(list, one);
    return at < 0 ? [...list, one] : list.with(at, mergeValue(list[at], one, choose));
  }, old);
}

/** Where a list has the thing of the same `id`, or -1. */
export function indexOf(list: readonly unknown[], wanted: unknown): number {
  return list.findIndex((one) => isMap(one) && isMap(wanted) && one['id'] === wanted['id']);
}

/** Whether each thing of a list has an `id`. */
export function isKeyedList(value: unknown): value is readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) && value.every((one) => isMap(one) && typeof one['id'] === 'string');
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
