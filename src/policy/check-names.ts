import { unknownName } from '../core/nearest.ts';
import { type OwnFunctions, unknownZone } from './functions.ts';
import { asField, asLoop, childrenOf, type Flaw, type Node } from './syntax.ts';
import { FUNCTIONS, METHODS, TIME_METHODS, TYPE_NAMES, TYPES } from './vocabulary.ts';

const NESTED_LOOPS_MAX = 2;

type MethodCall = Node & { readonly op: 'rcall' };

/** What a condition may name at one of its nodes. */
interface Scope {
  /** Variable → type. */
  readonly variables: Readonly<Record<string, string>>;
  /** Variables of the loops around the node. */
  readonly loops: readonly string[];
  readonly own: OwnFunctions;
}

/** Every name that a condition uses and nobody knows, and every argument that must be literal and is not. */
export function checkNames(root: Node, variables: Scope['variables'], own: OwnFunctions): Flaw[] {
  return check(root, { variables, loops: [], own });
}

function check(node: Node, scope: Scope): Flaw[] {
  const loop = asLoop(node);
  if (!loop) return [...checkNode(node, scope), ...childrenOf(node).flatMap((child) => check(child, scope))];
  const { over, variable, bodies } = loop;
  const taken = [...Object.keys(scope.variables), ...scope.loops, ...TYPE_NAMES].includes(variable.args);
  const flaws: Flaw[] = [];
  if (taken) flaws.push({ offset: variable.start, message: `the name \`${variable.args}\` is taken` });
  if (scope.loops.length >= NESTED_LOOPS_MAX)
    flaws.push({ offset: node.start, message: `more than ${NESTED_LOOPS_MAX} loops in each other` });
  const inside = { ...scope, loops: [...scope.loops, variable.args] };
  return [...flaws, ...check(over, scope), ...bodies.flatMap((body) => check(body, inside))];
}

function checkNode(node: Node, scope: Scope): Flaw[] {
  if (node.op === 'id') return checkVariable(node.args, node.start, scope);
  if (node.op === 'rcall') return checkMethod(node, scope);
  if (node.op !== 'call') return checkField(node, scope);
  const [name] = node.args;
  if (FUNCTIONS.some((known) => known === name)) return [];
  return [{ offset: node.start, message: unknownName('function', name, FUNCTIONS) }];
}

function checkVariable(name: string, offset: number, { variables, loops }: Scope): Flaw[] {
  const known = [...Object.keys(variables), ...loops];
  if (known.includes(name) || TYPE_NAMES.some((type) => type === name)) return [];
  return [{ offset, message: unknownName('variable', name, known) }];
}

function checkField(node: Node, { variables }: Scope): Flaw[] {
  const field = asField(node);
  if (!field || field.of.op !== 'id') return [];
  const variable = field.of.args;
  const type = variables[variable];
  const fields = Object.entries(TYPES).find(([name]) => name === type)?.[1];
  if (!fields || Object.hasOwn(fields, field.name)) return [];
  const message = unknownName(
    'field',
    `${variable}.${field.name}`,
    Object.keys(fields).map((known) => `${variable}.${known}`),
  );
  return [{ offset: node.op === '.' ? node.pos : node.start, message }];
}

function checkMethod(node: MethodCall, { own }: Scope): Flaw[] {
  const [name, receiver, [argument, second]] = node.args;
  const at = node.input.indexOf(name, receiver.end);
  if (!METHODS.some((known) => known === name))
    return [{ offset: at, message: unknownName('function', name, METHODS) }];
  // The engine's form with a second argument splits without bound before it counts.
  if (name === 'split' && second) return [{ offset: at, message: '`split` takes one argument' }];
  const isTime = TIME_METHODS.some((known) => known === name);
  if (!argument || !(isTime || name === 'matches')) return [];
  const offset = argument.start;
  if (argument.op !== 'value' || typeof argument.args !== 'string')
    return [{ offset, message: `expected a literal text as argument of \`${name}\`` }];
  if (isTime) return own.addZone(argument.args) ? [] : [{ offset, message: unknownZone(argument.args) }];
  const wrong = own.addPattern(argument.args);
  return wrong === undefined ? [] : [{ offset, message: wrong }];
}
