// The operations of one plain HTTP API, compiled: a method and path → the operation that the config declares.
import { type OperationTemplate, parseOperation, type Segment } from '../core/operation.ts';
import type { HttpOperation } from '../protocols/http.ts';

export interface Api {
  /** Undefined where operations are declared and this is none of them. */
  find(method: string, path: string): HttpOperation | undefined;
  /** The methods of the declared operations that a path could be. */
  methodsOf(path: string): readonly string[];
}

export interface ApiSource {
  /** As in the config; empty where the API has whatever it is asked. */
  readonly operations: readonly string[];
  /** Query parameters that may occur more than once. */
  readonly lists: readonly string[];
}

/** Compiles an API. Operations that `parseOperation` refuses are a bug in what checked the config. */
export function httpApi({ operations, lists }: ApiSource): Api {
  const repeatable: ReadonlySet<string> = new Set(lists);
  if (operations.length === 0) {
    return {
      find: (method, path) => ({ name: `${method} ${path}`, parameters: NONE, lists: repeatable }),
      methodsOf: () => [],
    };
  }
  const roots = new Map<string, Node>();
  for (const name of operations) add(roots, name);
  const findIn = (root: Node, path: string): HttpOperation | undefined => {
    const taken: string[] = [];
    const leaf = walk(root, { segments: path.slice(1).split('/'), taken }, 0);
    return leaf && { name: leaf.name, parameters: named(leaf.parameters, taken), lists: repeatable };
  };
  return {
    find(method, path) {
      const root = roots.get(method);
      return root && findIn(root, path);
    },
    methodsOf: (path) => [...roots].flatMap(([method, root]) => (findIn(root, path) ? [method] : [])),
  };
}

const NONE: HttpOperation['parameters'] = Object.freeze({});

/** Where a path can go on, the more exact way first. */
interface Node {
  readonly literals: Map<string, Node>;
  one: Node | undefined;
  rest: Leaf | undefined;
  leaf: Leaf | undefined;
}

interface Leaf {
  readonly name: string;
  readonly parameters: readonly string[];
}

function newNode(): Node {
  return { literals: new Map(), one: undefined, rest: undefined, leaf: undefined };
}

function add(roots: Map<string, Node>, name: string): void {
  const template = parseOperation(name);
  if ('fault' in template) throw new RangeError(`bug: \`${name}\` is no operation: ${template.fault}`);
  let node = roots.get(template.method) ?? newNode();
  roots.set(template.method, node);
  const leaf = { name, parameters: parametersOf(template) };
  for (const segment of template.segments) {
    if (segment.kind === 'rest') {
      node.rest = leaf;
      return;
    }
    node = next(node, segment);
  }
  node.leaf = leaf;
}

function next(node: Node, segment: Exclude<Segment, { readonly kind: 'rest' }>): Node {
  if (segment.kind === 'one') return (node.one ??= newNode());
  const known = node.literals.get(segment.text) ?? newNode();
  node.literals.set(segment.text, known);
  return known;
}

function parametersOf({ segments }: OperationTemplate): string[] {
  return segments.flatMap((segment) => (segment.kind === 'literal' ? [] : [segment.name]));
}

interface Walk {
  readonly segments: readonly string[];
  /** Values of the parameters so far, as they stand in the path. */
  readonly taken: string[];
}

// Each node is visited at most once: a path takes one way to it.
function walk(node: Node, way: Walk, at: number): Leaf | undefined {
  const { segments, taken } = way;
  const segment = segments[at];
  if (segment === undefined) return node.leaf;
  const literal = node.literals.get(segment);
  const found = literal && walk(literal, way, at + 1);
  if (found || segment === '') return found;
  const before = taken.length;
  if (node.one) {
    taken.push(segment);
    const leaf = walk(node.one, way, at + 1);
    if (leaf) return leaf;
    taken.length = before;
  }
  if (node.rest) taken.push(segments.slice(at).join('/'));
  return node.rest;
}

function named(names: readonly string[], values: readonly string[]): HttpOperation['parameters'] {
  if (names.length === 0) return NONE;
  return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(values[index] as string)]));
}
