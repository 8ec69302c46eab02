import { asLoop, childrenOf, type Node, nodesOf, pathOf } from './syntax.ts';

/** One place in the arguments that a condition reads. */
export interface Read {
  /** As the audit names it: `args.repo.name`, or `args` where all of them are read. */
  readonly name: string;
  /** Fields from the arguments down; empty where all of them are read. */
  readonly path: readonly string[];
}

/** The places in the arguments that a condition reads, each once. */
export function argsReads(root: Node): Read[] {
  const reads = new Map<string, Read>();
  for (const [, ...path] of pathsIn(root, 'args')) {
    const name = ['args', ...path].join('.');
    reads.set(name, { name, path });
  }
  return [...reads.values()];
}

/** Whether a condition reads what only the call itself says: its arguments, or whether it streams. */
export function readsCall(root: Node): boolean {
  const streams = pathsIn(root, 'context').some(([, field]) => field !== 'route' && field !== 'time');
  return streams || pathsIn(root, 'args').length > 0;
}

/** Whether a condition reads the time, so that what it says may change with nothing else changed. */
export function readsTime(root: Node): boolean {
  return (
    pathsIn(root, 'now').length > 0 ||
    pathsIn(root, 'context').some(([, field]) => field === 'time') ||
    runReads(root).includes('age')
  );
}

/** The fields of `run` that a condition reads, each once. */
export function runReads(root: Node): string[] {
  return [...new Set(pathsIn(root, 'run').map(([, field = '']) => field))];
}

/** The labels that a condition asks `run.labels` for by their names, with the place of each name. */
export function labelReads(root: Node): { readonly label: string; readonly offset: number }[] {
  return nodesOf(root).flatMap((node) => {
    if (node.op !== 'in') return [];
    const [label, list] = node.args;
    const isOfRun = pathOf(list)?.join('.') === 'run.labels';
    return isOfRun && label.op === 'value' && typeof label.args === 'string'
      ? [{ label: label.args, offset: label.start }]
      : [];
  });
}

/** How many loops run in each other. Within a loop, `x in list` is one more: it walks the list on every pass. */
export function loopDepth(node: Node): number {
  return depthOf(node, 0);
}

function depthOf(node: Node, around: number): number {
  const loop = asLoop(node);
  const inner = (nodes: readonly Node[], depth: number): number =>
    nodes.reduce((deepest, each) => Math.max(deepest, depthOf(each, depth)), depth);
  if (loop) return Math.max(inner([loop.over], around), inner(loop.bodies, around + 1));
  const walks = node.op === 'in' && around > 0 && node.args[1].op !== 'list';
  return inner(childrenOf(node), walks ? around + 1 : around);
}

/** The longest paths that begin at a variable. */
function pathsIn(node: Node, variable: string): (readonly string[])[] {
  const path = pathOf(node);
  if (path) return path[0] === variable ? [path] : [];
  return childrenOf(node).flatMap((child) => pathsIn(child, variable));
}
