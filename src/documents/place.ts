import { isMap, isSeq, type ParsedNode } from 'yaml';
import type { Fault } from './faults.ts';

/** A node of a YAML text; null where a value is not even empty. */
export type Node = ParsedNode | null;

/**
 * Where in the text a fault is; where its value is missing, at the last key or item on the way to it, or at the short form
 * that stands for it.
 */
export function offsetOf({ path, offset = 0, of }: Fault, root: Node, text: string): number {
  let node = root;
  let start = root?.range[0] ?? 0;
  for (const step of path) {
    const pair = isMap(node) ? node.items.find((item) => keyOf(item.key) === step) : undefined;
    const next = pair ? pair.value : isSeq(node) ? node.items[step as number] : undefined;
    start = (pair?.key ?? next)?.range[0] ?? start;
    if (!next) return !pair && node && 'value' in node ? node.range[0] : start;
    node = next;
  }
  if (!node || of === 'key') return start;
  const [begin] = node.range;
  return 'value' in node && typeof node.value === 'string'
    ? begin + lead(text.slice(begin), node.value, offset)
    : begin;
}

/** The key as the name that it is, or undefined. */
export function keyOf(key: ParsedNode): string | undefined {
  return 'value' in key && typeof key.value === 'string' ? key.value : undefined;
}

/**
 * How far into its source the character of a text value stands: quotes, escapes, indentation and folded lines make the
 * source longer than the value. Reads both side by side and steps over what only the source has.
 */
function lead(source: string, value: string, offset: number): number {
  if (offset === 0) return 0;
  let read = 0;
  for (let at = 0; at < source.length; at++) {
    const same = source[at] === value[read] || (source[at] === '\n' && value[read] === ' ');
    if (same && read === offset) return at;
    if (same) read++;
  }
  return 0;
}
