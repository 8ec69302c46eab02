import { type Environment, serialize } from '@marcbachmann/cel-js';
import { restoreNames, useOwnFunctions } from './functions.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { childrenOf, type Node } from './syntax.ts';

/** A condition or a part of it, with what it gave. */
export interface Trace {
  readonly text: string;
  readonly outcome: Outcome;
  /** The operands of `&&`, `||` and `!`; else none. */
  readonly parts: readonly Trace[];
}

interface Tracing {
  readonly environment: Environment;
  readonly values: object;
  /** To be called before every evaluation. */
  readonly reset: () => void;
}

/** The engine's, as its macros see them. */
interface Engine {
  check(node: Node, context: unknown): unknown;
  run(node: Node, context: unknown): unknown;
}

/** A condition that compiled fits with the call around it. */
const ROOMY = { maxAstNodes: 500, maxDepth: 32 };

/**
 * Evaluates a condition and each of its parts on its own. The engine evaluates only whole expressions; a macro around the
 * condition, which authors cannot call, gets hold of its nodes.
 */
export function traced(source: string, { environment, values, reset }: Tracing): Trace {
  const macro = ({ args: [root] }: { readonly args: readonly [Node] }) => ({
    typeCheck: (checker: Engine, _: unknown, context: unknown) => checker.check(root, context),
    evaluate: (evaluator: Engine, _: unknown, context: unknown) =>
      traceNode(root, (node) => {
        reset();
        return evaluator.run(node, context);
      }),
  });
  const tracer = environment.clone({ limits: ROOMY }).registerFunction('trace(ast): dyn', macro, { async: false });
  // On a line of its own, the bracket is not part of a comment that ends the condition.
  const parsed = tracer.parse(`trace(${source}\n)`);
  useOwnFunctions(parsed.ast);
  return parsed(values) as Trace;
}

/** The parts that made a condition what it is, in words: `` `has(args.owner)` was false ``. */
export function decisiveParts({ text, outcome, parts }: Trace): string[] {
  // A negation has one part; of two, those count that gave what the whole gave.
  const decisive = parts.length === 1 ? parts : parts.filter((part) => isSame(part.outcome, outcome));
  if (decisive.length > 0) return decisive.flatMap(decisiveParts);
  return [typeof outcome === 'boolean' ? `\`${text}\` was ${outcome}` : `\`${text}\` failed: ${outcome.failure}`];
}

function isSame(one: Outcome, other: Outcome): boolean {
  return one === other || (typeof one === 'object' && typeof other === 'object');
}

function traceNode(node: Node, run: (node: Node) => unknown): Trace {
  const parts = node.op === '&&' || node.op === '||' || node.op === '!_' ? childrenOf(node) : [];
  return {
    text: restoreNames(serialize(node)),
    outcome: outcomeOf(run, node),
    parts: parts.map((part) => traceNode(part, run)),
  };
}
