/**
 * Conditions in CEL. Everything that can be wrong with one is found at load: syntax, unknown names, types, unguarded fields
 * of the arguments, regular expressions. What remains at a decision is to run it.
 * INVARIANT: the time of an evaluation is bounded, whatever the arguments.
 * INVARIANT: a condition is true, false or failed; whatever is neither `true` nor `false` is failed.
 */
import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import { checkGuards } from './check-guards.ts';
import { checkNames } from './check-names.ts';
import { checkCounters, type Counter, countersOf } from './counters.ts';
import { OwnFunctions, useOwnFunctions } from './functions.ts';
import { type Outcome, outcomeOf, publicText } from './outcome.ts';
import { argsReads, labelReads, loopDepth, type Read, readsCall, readsTime, runReads } from './reads.ts';
import type { Flaw, Node } from './syntax.ts';
import { type Trace, traced } from './trace.ts';
import { CLASSES } from './values.ts';
import { APPLIES_VARIABLES, RULE_VARIABLES, TYPES } from './vocabulary.ts';

/** A condition, compiled. */
export interface Condition {
  readonly source: string;
  /** Places in the arguments that it reads. */
  readonly reads: readonly Read[];
  /** How many loops run in each other. */
  readonly loops: number;
  /** Whether it reads what only the call itself says. */
  readonly readsCall: boolean;
  /** Whether it reads the time. */
  readonly readsTime: boolean;
  /** Fields of the run that it reads. */
  readonly runFields: readonly string[];
  /** Whether it reads of the run what its calls change, or what clients say of it: more than its place in the tree. */
  readonly readsRun: boolean;
  /** What it reads of the counters of the run's tree. */
  readonly counters: readonly Counter[];
  /** Labels that it asks the run for by their names. */
  readonly labels: ReturnType<typeof labelReads>;
  /** Runs it on the values of the variables. */
  readonly run: (values: object) => Outcome;
  /** Runs it and its parts, to explain the outcome. */
  readonly trace: (values: object) => Trace;
}

/** What never changes of a run. */
const PLACE: ReadonlySet<string> = new Set(['id', 'root', 'parent', 'depth']);

type Variables = Readonly<Record<string, string>>;

const LIMITS = { maxAstNodes: 400, maxDepth: 24, maxListElements: 256, maxMapEntries: 64, maxCallArguments: 8 };

/** Compiles the conditions of one set of policies. */
export class Expressions {
  readonly #own = new OwnFunctions();
  readonly #rules = this.#environment(RULE_VARIABLES);
  readonly #applies = this.#environment(APPLIES_VARIABLES);

  /** Compiles the `when` of a rule, or tells everything that is wrong with it. `certain` arguments need no guard. */
  rule(source: string, certain: readonly string[] = []): Condition | readonly Flaw[] {
    return this.#compile(source, this.#rules, (root) => [
      ...checkNames(root, RULE_VARIABLES, this.#own),
      ...checkGuards(root, certain),
      ...checkCounters(root),
    ]);
  }

  /** Compiles an `applies`, a condition on the principal alone. */
  applies(source: string): Condition | readonly Flaw[] {
    return this.#compile(source, this.#applies, (root) => checkNames(root, APPLIES_VARIABLES, this.#own));
  }

  #environment(variables: Variables): Environment {
    const environment = new Environment({ enableOptionalTypes: true, limits: LIMITS });
    for (const [name, fields] of Object.entries(TYPES))
      environment.registerType(name, { ctor: CLASSES[name as keyof typeof CLASSES], fields });
    for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
    return this.#own.register(environment);
  }

  #compile(
    source: string,
    environment: Environment,
    check: (root: Node) => readonly Flaw[],
  ): Condition | readonly Flaw[] {
    const parsed = parse(source, environment);
    if (typeof parsed !== 'function') return [parsed];
    const root = parsed.ast;
    const flaws = check(root);
    if (flaws.length > 0) return flaws;
    useOwnFunctions(root);
    const mistyped = typeFlaw(parsed);
    if (mistyped) return [mistyped];
    const runFields = runReads(root);
    return {
      source,
      reads: argsReads(root),
      loops: loopDepth(root),
      readsCall: readsCall(root),
      readsTime: readsTime(root),
      runFields,
      readsRun: runFields.some((field) => !PLACE.has(field)),
      counters: countersOf(root),
      labels: labelReads(root),
      run: (values) => {
        this.#own.reset();
        return outcomeOf(parsed, values);
      },
      trace: (values) => traced(source, { environment, values, reset: () => this.#own.reset() }),
    };
  }
}

function parse(source: string, environment: Environment): ParseResult | Flaw {
  try {
    return environment.parse(source);
  } catch (thrown) {
    return flawOf(thrown);
  }
}

/** What the type checker has against a condition; its result must be true or false, as far as types can tell. */
function typeFlaw(parsed: ParseResult): Flaw | undefined {
  const { valid, type, error } = parsed.check();
  if (!valid) return flawOf(error);
  if (type === 'bool' || type === 'dyn') return undefined;
  return { offset: 0, message: `the condition gives \`${type}\`, expected true or false` };
}

function flawOf(thrown: unknown): Flaw {
  const { range } = thrown as { readonly range?: { readonly start: number } };
  return { offset: range?.start ?? 0, message: publicText(thrown) };
}
