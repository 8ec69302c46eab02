import { Duration } from '@marcbachmann/cel-js/evaluator';
import type { AccessRequest } from '../core/access.ts';
import type { Condition } from './expression.ts';
import type { Outcome } from './outcome.ts';
import type { Read } from './reads.ts';
import type { Trace } from './trace.ts';
import { ContextValue, type PrincipalValue, ResourceValue, RunValue } from './values.ts';
import type { TYPES } from './vocabulary.ts';

/**
 * What the loops of one condition may cost: passes times the characters that each may touch. About 50 ms at worst; a list of
 * 1,000 addresses or 100 files against 100 others stays far below.
 */
const LOOP_COST_MAX = 4 * 1024 * 1024;
const PASS_COST = 64;

type Args = Readonly<Record<string, unknown>>;

/** The values that conditions see of one request, each made when the first of them reads it. */
export class Bindings {
  readonly #request: AccessRequest;
  readonly #principal: PrincipalValue;
  readonly #args = new Map<string, unknown>();
  readonly #read = new Set<string>();
  #values: object | undefined;
  #runValue: RunValue | undefined;
  #facts: Record<string, unknown> | undefined;

  constructor(request: AccessRequest, principal: PrincipalValue) {
    this.#request = request;
    this.#principal = principal;
  }

  /** What conditions have read so far of the arguments and of the run: name → value. */
  get facts(): Args {
    return this.#facts ?? NO_FACTS;
  }

  evaluate(condition: Condition): Outcome {
    return this.#provide(condition) ? condition.run(this.#variables) : TOO_LARGE;
  }

  /** Evaluates a condition and each of its parts. */
  trace(condition: Condition): Trace {
    if (this.#provide(condition)) return condition.trace(this.#variables);
    return { text: condition.source, outcome: TOO_LARGE, parts: [] };
  }

  /** Of the arguments, they hold those that conditions evaluated so far read. */
  get #variables(): object {
    return (this.#values ??= this.#makeValues());
  }

  get #run(): RunValue {
    return (this.#runValue ??= new RunValue(this.#request.run, this.#request.context.timeMs));
  }

  #makeValues(): object {
    const { action, resource, context } = this.#request;
    const time = new ContextValue(context);
    return {
      principal: this.#principal,
      agent: this.#principal.agent,
      subject: this.#principal.subject,
      tenant: this.#principal.tenant,
      action,
      resource: new ResourceValue(resource),
      args: this.#args,
      run: this.#run,
      context: time,
      now: time.time,
    };
  }

  /** Makes ready what the condition reads; false where looping over the arguments would take too long. */
  #provide({ reads, loops, runFields, counters }: Condition): boolean {
    for (const read of reads) if (!this.#read.has(read.name)) this.#prepare(read);
    for (const field of runFields)
      if (field !== 'calls') this.#tell(`run.${field}`, shown(this.#run[field as RunField]));
    for (const { name, pattern } of counters)
      if (pattern) this.#prepareCalls(pattern.source, this.#request.run.tree.counts.get(name) ?? 0);
    if (loops === 0) return true;
    const size = { elements: 0, text: 0 };
    for (const { path } of reads) measure(valueAt(this.#request.args, path), size);
    return size.elements ** loops * (PASS_COST + size.text) <= LOOP_COST_MAX;
  }

  #prepare({ name, path }: Read): void {
    const { args } = this.#request;
    this.#read.add(name);
    for (const field of path.length > 0 ? path.slice(0, 1) : Object.keys(args))
      if (Object.hasOwn(args, field) && !this.#args.has(field)) this.#args.set(field, toCel(args[field]));
    const value = valueAt(args, path);
    if (value !== undefined) this.#tell(name, value);
  }

  #prepareCalls(pattern: string, counted: number): void {
    this.#run.calls.set(pattern, BigInt(counted));
    this.#tell(`run.calls["${pattern}"]`, counted);
  }

  #tell(name: string, value: unknown): void {
    (this.#facts ??= {})[name] = value;
  }
}

type RunField = Exclude<keyof (typeof TYPES)['Run'], 'calls'>;

const NO_FACTS: Args = Object.freeze({});
const TOO_LARGE: Outcome = { failure: 'the arguments are too large to loop over' };

/** A value of the run, for the record. */
function shown(value: RunValue[RunField]): unknown {
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Duration ? String(value) : value;
}

function valueAt(args: Args, path: readonly string[]): unknown {
  let value: unknown = args;
  for (const field of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return undefined;
    value = (value as Args)[field];
  }
  return value;
}

/** A JSON value as CEL sees it: maps without a prototype to fall into, and whole numbers as integers. */
function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(toCel);
  return new Map(Object.entries(value).map(([key, each]) => [key, toCel(each)]));
}

/** Raises `size` to the longest list or map and the longest text in a value. */
function measure(value: unknown, size: { elements: number; text: number }): void {
  if (typeof value === 'string') size.text = Math.max(size.text, value.length);
  if (typeof value !== 'object' || value === null) return;
  const inner = Object.values(value);
  size.elements = Math.max(size.elements, inner.length);
  for (const each of inner) measure(each, size);
}
