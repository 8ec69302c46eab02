/**
 * What conditions read of the counters of a run's tree. Others count while a call is decided on, so that a decision stands on
 * ranges which its admission checks: each comparison says where it turns, and between two such places nothing changes.
 * INVARIANT: within the range of every counter that a condition reads, the condition gives what it gave.
 */
import type { CountRange } from '../core/run.ts';
import { parsePattern, type Pattern } from './pattern.ts';
import { asField, childrenOf, type Flaw, type Node, pathOf } from './syntax.ts';
import { COUNTERS } from './vocabulary.ts';

/** One counter, as one condition reads it. */
export interface Counter {
  /** As `TreeFacts` names it: `steps`, `errors`, `spent`, `calls:PATTERN`. */
  readonly name: string;
  /** Of calls: what is counted. */
  readonly pattern: Pattern | undefined;
  /** Where the condition may turn, rising: whole numbers of which the first is above 0. */
  readonly cuts: readonly number[];
}

interface Comparison {
  readonly counter: Node;
  readonly field: string;
  /** Of calls. */
  readonly pattern: string | undefined;
  readonly op: string;
  readonly literal: Node;
  /** In the unit of the counter. */
  readonly value: number;
}

const ADVICE: Readonly<Record<(typeof COUNTERS)[number], string>> = {
  steps: '`run.steps >= 100`',
  errors: '`run.errors > 5`',
  spent: '`run.spent >= 2.50`',
  calls: '`run.calls["tool/github/*"] == 0`',
};

const MICRO = 1_000_000;
const NO_END = Number.MAX_SAFE_INTEGER;

/** Every place where a condition reads a counter otherwise than in a comparison, or `run` as a whole. */
export function checkCounters(node: Node): Flaw[] {
  const comparison = asComparison(node);
  if (comparison) return checkComparison(comparison);
  const path = pathOf(node);
  if (path?.[0] !== 'run') return childrenOf(node).flatMap(checkCounters);
  if (path.length === 1) return [{ offset: node.start, message: 'expected a field of `run`, e.g. `run.depth`' }];
  const counter = COUNTERS.find((name) => name === path[1]);
  if (!counter) return [];
  const message = `\`run.${counter}\` changes with every call: compare it with a number, e.g. ${ADVICE[counter]}`;
  return [{ offset: node.start, message }];
}

/** The counters that a condition without flaws reads, each once. */
export function countersOf(root: Node): Counter[] {
  const cuts = new Map<string, { readonly pattern: Pattern | undefined; readonly at: Set<number> }>();
  for (const comparison of comparisonsIn(root)) {
    const name = comparison.pattern === undefined ? comparison.field : `calls:${comparison.pattern}`;
    const known = cuts.get(name) ?? { pattern: patternOf(comparison), at: new Set() };
    for (const cut of cutsOf(comparison)) if (cut > 0 && cut < NO_END) known.at.add(cut);
    cuts.set(name, known);
  }
  return [...cuts].map(([name, { pattern, at }]) => ({
    name,
    pattern,
    cuts: [...at].sort((one, other) => one - other),
  }));
}

/** The range around what was counted in which no comparison turns. Without an upper end, `below` is the largest safe integer. */
export function rangeOf({ name, cuts }: Counter, counted: number): CountRange {
  let atLeast = 0;
  for (const cut of cuts) {
    if (cut > counted) return { name, atLeast, below: cut };
    atLeast = cut;
  }
  return { name, atLeast, below: NO_END };
}

/** Adds a range to those that a decision stands on, by name: each becomes what is common. */
export function narrowRange(ranges: Map<string, CountRange>, range: CountRange): void {
  const { name, atLeast, below } = ranges.get(range.name) ?? range;
  ranges.set(name, { name, atLeast: Math.max(atLeast, range.atLeast), below: Math.min(below, range.below) });
}

function comparisonsIn(node: Node): Comparison[] {
  const comparison = asComparison(node);
  return comparison ? [comparison] : childrenOf(node).flatMap(comparisonsIn);
}

/** What an operator says with its sides exchanged. */
const TURNED: ReadonlyMap<string, string> = new Map([
  ['<', '>'],
  ['<=', '>='],
  ['>', '<'],
  ['>=', '<='],
  ['==', '=='],
  ['!=', '!='],
]);

function asComparison(node: Node): Comparison | undefined {
  const turned = TURNED.get(node.op);
  if (turned === undefined) return undefined;
  const [left, right] = node.args as readonly [Node, Node];
  return compared(left, node.op, right) ?? compared(right, turned, left);
}

function compared(counter: Node, op: string, literal: Node): Comparison | undefined {
  if (literal.op !== 'value' || !(typeof literal.args === 'bigint' || typeof literal.args === 'number'))
    return undefined;
  const [variable, field = '', pattern, ...rest] = (isPlain(counter) ? pathOf(counter) : undefined) ?? [];
  if (variable !== 'run' || rest.length > 0 || !COUNTERS.some((name) => name === field)) return undefined;
  if ((field === 'calls') !== (pattern !== undefined)) return undefined;
  const number = Number(literal.args);
  return { counter, field, pattern, op, literal, value: field === 'spent' ? Math.round(number * MICRO) : number };
}

/** Whether a chain of fields has no optional one in it. */
function isPlain(node: Node): boolean {
  const field = asField(node);
  return !field || (!field.optional && isPlain(field.of));
}

function checkComparison({ counter, field, pattern, literal, value }: Comparison): Flaw[] {
  if (field === 'spent' && value / MICRO !== Number(literal.args))
    return [{ offset: literal.start, message: 'expected an amount in USD with at most six decimals' }];
  const parsed = pattern === undefined ? undefined : parsePattern(pattern);
  return parsed && 'fault' in parsed ? [{ offset: counter.start, message: parsed.fault }] : [];
}

function patternOf({ pattern }: Comparison): Pattern | undefined {
  return pattern === undefined ? undefined : (parsePattern(pattern) as Pattern);
}

/** The first whole numbers of which a comparison says something else than of the one before. */
function cutsOf({ op, value }: Comparison): readonly number[] {
  const from = Math.ceil(value);
  const beyond = Math.floor(value) + 1;
  if (op === '<' || op === '>=') return [from];
  if (op === '<=' || op === '>') return [beyond];
  // Types let only whole numbers be compared so, and money is whole in micro-USD.
  return [from, beyond];
}
