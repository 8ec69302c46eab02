import { asField, asLoop, childrenOf, type Flaw, type Node, nodesOf, pathOf } from './syntax.ts';

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
 */
export function checkGuards(root: Node): Flaw[] {
  return check(root, { present: NONE, open: ['args'] });
}

function check(node: Node, known: Known): Flaw[] {
  const loop = asLoop(node);
  if (loop) {
    const { over, variable, bodies } = loop;
    const [first, ...rest] = bodies;
    const open = readsOpen(over, known) ? [...known.open, String(variable.args)] : known.open;
    const inside = { ...known, open };
    const filtered = { ...inside, present: union(known.present, whenTrue(first as Node)) };
    return [...check(over, known), ...check(first as Node, inside), ...rest.flatMap((body) => check(body, filtered))];
  }
  switch (node.op) {
    case '&&':
      return checkBoth(node.args, known, whenTrue);
    case '||':
      return checkBoth(node.args, known, whenFalse);
    case '?:': {
      const [condition, yes, no] = node.args;
      return [
        ...check(condition, known),
        ...check(yes, { ...known, present: union(known.present, whenTrue(condition)) }),
        ...check(no, { ...known, present: union(known.present, whenFalse(condition)) }),
      ];
    }
    case 'call':
      // `has(a.b)` asks for `b` and so must not be guarded, but it reads `a`.
      if (node.args[0] === 'has') return node.args[1].flatMap((asked) => checkParts(asked, known));
      return checkParts(node, known);
    default:
      return checkField(node, known) ?? checkParts(node, known);
  }
}

function checkParts(node: Node, known: Known): Flaw[] {
  return childrenOf(node).flatMap((child) => check(child, known));
}

function checkBoth([left, right]: readonly [Node, Node], known: Known, learn: (node: Node) => Paths): Flaw[] {
  return [
    ...check(left, { ...known, present: union(known.present, learn(right)) }),
    ...check(right, { ...known, present: union(known.present, learn(left)) }),
  ];
}

/** The flaw of reading one field, or undefined where the node reads none that could be missing. */
function checkField(node: Node, { present, open }: Known): Flaw[] | undefined {
  const path = pathOf(node);
  const field = asField(node);
  if (!path || !field || field.optional || readsOptional(field.of) || !open.includes(path[0] as string)) return undefined;
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
  switch (node.op) {
    case '&&':
      return union(whenTrue(node.args[0]), whenTrue(node.args[1]));
    case '||':
      return common(whenTrue(node.args[0]), whenTrue(node.args[1]));
    case '!_':
      return whenFalse(node.args);
    case 'call':
      return node.args[0] === 'has' ? pathsOf(node.args[1][0]) : NONE;
    case 'in': {
      const [key, map] = node.args;
      const path = pathOf(map);
      return path && key.op === 'value' && typeof key.args === 'string' ? new Set([keyOf([...path, key.args])]) : NONE;
    }
    default:
      return NONE;
  }
}

/** Fields that are there if the condition is false. */
function whenFalse(node: Node): Paths {
  switch (node.op) {
    case '||':
      return union(whenFalse(node.args[0]), whenFalse(node.args[1]));
    case '&&':
      return common(whenFalse(node.args[0]), whenFalse(node.args[1]));
    case '!_':
      return whenTrue(node.args);
    default:
      return NONE;
  }
}

function union(some: Paths, others: Paths): Paths {
  return new Set([...some, ...others]);
}

function common(some: Paths, others: Paths): Paths {
  return new Set([...some].filter((path) => others.has(path)));
}

function pathsOf(node: Node | undefined): Paths {
  const path = node && pathOf(node);
  return path ? new Set([keyOf(path)]) : NONE;
}

function keyOf(path: readonly string[]): string {
  return JSON.stringify(path);
}
