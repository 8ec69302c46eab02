import { asField, asLoop, childrenOf, type Flaw, type Loop, type Node, nodesOf, pathOf } from './syntax.ts';

type Paths = ReadonlySet<string>;

const NONE: Paths = new Set();

/** What is known at a node of a condition. */
interface Known {
  /** Fields that are certainly there. */
  readonly present: Paths;
  /** Variables whose fields may be missing: `args`, and what loops over it. */
  readonly open: readonly string[];
}

/**
 * Every field of `args` that a condition reads where it may be missing, which would be an error at that moment. `has(args.x)`
 * guards what is joined to it by `&&`, on either side: where it is false the whole is false, whatever the other side does.
 * `certain` names the arguments that are always there.
 */
export function checkGuards(root: Node, certain: readonly string[]): Flaw[] {
  return check(root, { present: new Set(certain.map((name) => keyOf(['args', name]))), open: ['args'] });
}

function check(node: Node, known: Known): Flaw[] {
  const loop = asLoop(node);
  if (loop) return checkLoop(loop, known);
  if (node.op === '&&') return checkBoth(node.args, known, whenTrue);
  if (node.op === '||') return checkBoth(node.args, known, whenFalse);
  if (node.op === '?:') {
    const [condition, yes, no] = node.args;
    const flaws = check(condition, known);
    return [
      ...flaws,
      ...check(yes, learn(known, whenTrue(condition))),
      ...check(no, learn(known, whenFalse(condition))),
    ];
  }
  // `has(a.b)` asks for `b` and so needs no guard for it, but it reads `a`.
  if (node.op === 'call' && node.args[0] === 'has') return node.args[1].flatMap((asked) => checkParts(asked, known));
  return checkField(node, known) ?? checkParts(node, known);
}

function checkLoop({ over, variable, bodies }: Loop, known: Known): Flaw[] {
  const [first, ...rest] = bodies as [Node, ...Node[]];
  const inside = readsOpen(over, known) ? { ...known, open: [...known.open, variable.args] } : known;
  // The third form of `map` filters by its first body before it runs the second.
  const filtered = learn(inside, whenTrue(first));
  return [...check(over, known), ...check(first, inside), ...rest.flatMap((body) => check(body, filtered))];
}

function checkParts(node: Node, known: Known): Flaw[] {
  return childrenOf(node).flatMap((child) => check(child, known));
}

function checkBoth([left, right]: readonly [Node, Node], known: Known, taught: (node: Node) => Paths): Flaw[] {
  return [...check(left, learn(known, taught(right))), ...check(right, learn(known, taught(left)))];
}

function learn({ present, open }: Known, more: Paths): Known {
  return { open, present: new Set([...present, ...more]) };
}

/** The flaw of reading one field, or undefined where the node reads none that could be missing. */
function checkField(node: Node, { present, open }: Known): Flaw[] | undefined {
  const path = pathOf(node);
  const field = asField(node);
  if (!path || !field || field.optional || readsOptional(field.of) || !open.includes(path[0] as string))
    return undefined;
  if (present.has(keyOf(path))) return undefined;
  const wording = path.join('.');
  const message = `\`${wording}\` may be missing: guard it with \`has(${wording}) && …\`, or read \`.?${field.name}.orValue(…)\``;
  const inner = checkField(field.of, { present, open });
  return inner ?? [{ offset: node.start, message }];
}

/** Whether a chain of fields has an optional one in it: what follows is optional too. */
function readsOptional(node: Node): boolean {
  const field = asField(node);
  return field !== undefined && (field.optional || readsOptional(field.of));
}

function readsOpen(node: Node, { open }: Known): boolean {
  return nodesOf(node).some((each) => each.op === 'id' && open.includes(each.args));
}

/** Fields that are there if the condition is true. */
function whenTrue(node: Node): Paths {
  if (node.op === '&&') return either(whenTrue(node.args[0]), whenTrue(node.args[1]));
  if (node.op === '||') return both(whenTrue(node.args[0]), whenTrue(node.args[1]));
  if (node.op === '!_') return whenFalse(node.args);
  if (node.op === 'call' && node.args[0] === 'has') return asSet(node.args[1][0] && pathOf(node.args[1][0]));
  if (node.op !== 'in') return NONE;
  const [key, map] = node.args;
  const path = pathOf(map);
  return asSet(path && key.op === 'value' && typeof key.args === 'string' ? [...path, key.args] : undefined);
}

/** Fields that are there if the condition is false. */
function whenFalse(node: Node): Paths {
  if (node.op === '||') return either(whenFalse(node.args[0]), whenFalse(node.args[1]));
  if (node.op === '&&') return both(whenFalse(node.args[0]), whenFalse(node.args[1]));
  return node.op === '!_' ? whenTrue(node.args) : NONE;
}

function either(some: Paths, others: Paths): Paths {
  return new Set([...some, ...others]);
}

function both(some: Paths, others: Paths): Paths {
  return new Set([...some].filter((path) => others.has(path)));
}

function asSet(path: readonly string[] | undefined): Paths {
  return path ? new Set([keyOf(path)]) : NONE;
}

function keyOf(path: readonly string[]): string {
  return JSON.stringify(path);
}
