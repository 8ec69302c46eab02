// One text for equal values, and a digest of it: how arguments and results are compared without being kept.
import { createHash, hash } from 'node:crypto';

/** More levels than any dialect lets through (protocols/json.ts). */
const LEVELS_MAX = 64;

/** SHA-256 in hex. */
export function sha256(text: string | Uint8Array): string {
  return hash('sha256', text);
}

/** A SHA-256 of what comes piece by piece. */
export interface Digesting {
  update(piece: Uint8Array): void;
  /** Once, at the end. */
  hex(): string;
}

export function digesting(): Digesting {
  const made = createHash('sha256');
  return { update: (piece) => void made.update(piece), hex: () => made.digest('hex') };
}

/**
 * The JSON of a parsed value as RFC 8785 orders it: keys by UTF-16 code units, no blanks. Undefined for what is nested
 * deeper than any request may be.
 */
export function canonicalJson(value: unknown): string | undefined {
  try {
    return written(value, LEVELS_MAX);
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

/** SHA-256 in hex of a value's canonical JSON: equal values have equal digests, whatever the order of their keys. */
export function digestOf(value: unknown): string {
  return sha256(canonicalJson(value) ?? 'too deep');
}

function written(value: unknown, levels: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (levels === 0) throw new RangeError('too deep');
  if (Array.isArray(value)) {
    const items = (value as readonly unknown[]).map((item) => written(item, levels - 1));
    return `[${items.join(',')}]`;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const members = Object.keys(fields)
    .filter((key) => fields[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${written(fields[key], levels - 1)}`);
  return `{${members.join(',')}}`;
}
