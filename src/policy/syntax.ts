import type { ASTNode } from '@marcbachmann/cel-js';
import { LOOPS } from './vocabulary.ts';

/** A node of a parsed condition. */
export type Node = ASTNode;

/** `list.all(x, …)` and its like. */
export interface Loop {
  readonly over: Node;
  readonly variable: Node & { readonly op: 'id' };
  readonly bodies: readonly Node[];
}

/** Something wrong at a character of a condition. */
export interface Flaw {
  readonly offset: number;
  readonly message: string;
}

export function childrenOf(node: Node): readonly Node[] {
  if (node.op === 'value' || node.op === 'id') return [];
  if (node.op === '.' || node.op === '.?') return [node.args[0]];
  if (node.op === '!_' || node.op === '-_') return [node.args];
  if (node.op === 'call') return node.args[1];
  if (node.op === 'rcall') return [node.args[1], ...node.args[2]];
  return node.op === 'map' ? node.args.flat() : node.args;
}

/** The parts of a loop, or undefined where the node is none. */
export function asLoop(node: Node): Loop | undefined {
  if (node.op !== 'rcall' || !LOOPS.some((name) => name === node.args[0])) return undefined;
  const [, over, [variable, ...bodies]] = node.args;
  return variable?.op === 'id' && bodies.length > 0 ? { over, variable, bodies } : undefined;
}

/** What `a.b`, `a["b"]` and their optional forms select. */
export interface Field {
  readonly of: Node;
  readonly name: string;
  readonly optional: boolean;
}

export function asField(node: Node): Field | undefined {
  if (node.op === '.' || node.op === '.?') return { of: node.args[0], name: node.args[1], optional: node.op === '.?' };
  if (node.op !== '[]' && node.op !== '[?]') return undefined;
  const [of, index] = node.args;
  if (index.op !== 'value' || typeof index.args !== 'string') return undefined;
  return { of, name: index.args, optional: node.op === '[?]' };
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
