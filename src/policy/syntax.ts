import type { ASTNode } from '@marcbachmann/cel-js';
import { LOOPS } from './vocabulary.ts';

/** A node of a parsed condition. */
export type Node = ASTNode;

/** `list.all(x, …)` and its like. */
export interface Loop {
  readonly over: Node;
  readonly variable: Node;
  readonly bodies: readonly Node[];
}

/** Something wrong at a character of a condition. */
export interface Flaw {
  readonly offset: number;
  readonly message: string;
}

export function childrenOf(node: Node): readonly Node[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}

/** The parts of a loop, or undefined where the node is none. */
export function asLoop(node: Node): Loop | undefined {
  if (node.op !== 'rcall' || !LOOPS.some((name) => name === node.args[0])) return undefined;
  const [, over, [variable, ...bodies]] = node.args;
  return variable && bodies.length > 0 ? { over, variable, bodies } : undefined;
}

/** The value and the name that select a field: `a.b`, `a["b"]` and their optional forms. */
export function asField(node: Node): { readonly of: Node; readonly name: string; readonly optional: boolean } | undefined {
  switch (node.op) {
    case '.':
    case '.?':
      return { of: node.args[0], name: node.args[1], optional: node.op === '.?' };
    case '[]':
    case '[?]': {
      const [of, index] = node.args;
      if (index.op !== 'value' || typeof index.args !== 'string') return undefined;
      return { of, name: index.args, optional: node.op === '[?]' };
    }
    default:
      return undefined;
  }
}

/** The variable and the fields that lead to a value, e.g. `['args', 'repo', 'name']`, or undefined where it is computed. */
export function pathOf(node: Node): readonly string[] | undefined {
  if (node.op === 'id') return [node.args];
  const field = asField(node);
  const path = field && pathOf(field.of);
  return path && [...path, field.name];
}

/** Every node, parents first. */
export function nodesOf(root: Node): Node[] {
  return [root, ...childrenOf(root).flatMap(nodesOf)];
}
