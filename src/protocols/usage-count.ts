// Reading what providers count. Their numbers are taken only where they can be true.
import { isFields } from './fields.ts';
import type { DetailedUsage } from './protocol.ts';

/** More than any answer has; beyond it sums of money would leave the integers. */
const TOKENS_MAX = 1_000_000_000;

/** A count of tokens, or undefined where it is none. */
export function tokenCount(value: unknown): number | undefined {
  const sound = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= TOKENS_MAX;
  return sound ? value : undefined;
}

/** Usage of a provider whose input includes what the cache served and whose output includes reasoning (OpenAI). */
export function inclusiveUsage(counted: {
  readonly input: unknown;
  readonly output: unknown;
  readonly total: unknown;
  readonly cached: unknown;
  readonly written: unknown;
  readonly reasoning: unknown;
}): DetailedUsage | undefined {
  const input = tokenCount(counted.input);
  const stated = tokenCount(counted.output);
  if (input === undefined || stated === undefined) return undefined;
  // Some providers leave reasoning out of the output but not out of the total.
  const output = Math.max(stated, (tokenCount(counted.total) ?? 0) - input);
  const cacheRead = Math.min(input, tokenCount(counted.cached) ?? 0);
  const cacheWrite = Math.min(input - cacheRead, tokenCount(counted.written) ?? 0);
  const reasoning = Math.min(output, tokenCount(counted.reasoning) ?? 0);
  return { input: input - cacheRead - cacheWrite, cacheRead, cacheWrite, cacheWriteHour: 0, output, reasoning };
}

const NOT_GENERATED = new Set(['id', 'type', 'role', 'call_id', 'item_id', 'status', 'object']);

/**
 * Bytes of the texts in something that a model generated, at least: the text may be read one character per byte.
 * The depth of `value` is bounded by `levels`.
 */
export function generatedBytes(value: unknown, levels = 16): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (levels === 0) return 0;
  let bytes = 0;
  if (Array.isArray(value)) {
    for (const element of value as readonly unknown[]) bytes += generatedBytes(element, levels - 1);
  } else if (isFields(value)) {
    for (const key in value) if (!NOT_GENERATED.has(key)) bytes += generatedBytes(value[key], levels - 1);
  }
  return bytes;
}

/** The object in a JSON text, or undefined. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = parseValue(text);
  return isFields(value) ? value : undefined;
}

/** The value of a JSON text, or undefined. */
export function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
