// Whether rights are no more than others: what an exchange asks before it makes a token.
// INVARIANT: reflexive and transitive, and never true where some call is covered by the child alone.
import type { Action } from './access.ts';
import type { ArgumentConstraint, Right } from './rights.ts';

/** Whether every call that the child covers is covered by the parent; undefined stands for everything. */
export function isWithin(child: readonly Right[] | undefined, parent: readonly Right[] | undefined): boolean {
  if (parent === undefined) return child === undefined || child.every(isKnown);
  return child !== undefined && child.every((right) => isKnown(right) && isRightWithin(right, parent));
}

/** Each action on each resource of the child needs a right of the parent that stands for all of it. */
function isRightWithin({ actions, resources, args }: Right, parent: readonly Right[]): boolean {
  return actions.every((action) =>
    resources.every((resource) => parent.some((right) => encloses(right, { action, resource, args }))),
  );
}

interface Piece {
  readonly action: Action;
  readonly resource: string;
  readonly args: Right['args'];
}

function encloses(right: Right, { action, resource, args }: Piece): boolean {
  return (
    right.actions.includes(action) &&
    right.resources.some((pattern) => isPatternWithin(resource, pattern)) &&
    Object.entries(right.args).every(([path, wanted]) => {
      const own = Object.hasOwn(args, path) ? args[path] : undefined;
      return own !== undefined && wanted.every((constraint) => own.some((one) => implies(one, constraint)));
    })
  );
}

function isPatternWithin(child: string, parent: string): boolean {
  return parent.endsWith('*') ? child.startsWith(parent.slice(0, -1)) : child === parent;
}

/** Whether whatever satisfies the child's constraint satisfies the parent's. */
function implies(child: ArgumentConstraint, parent: ArgumentConstraint): boolean {
  if ('one_of' in parent) return everyOf(child, (value) => parent.one_of.some((one) => one === value));
  if ('prefix' in parent) {
    if ('prefix' in child) return child.prefix.startsWith(parent.prefix);
    return everyOf(child, (value) => typeof value === 'string' && value.startsWith(parent.prefix));
  }
  if ('max' in parent) {
    if ('max' in child) return child.max <= parent.max;
    return everyOf(child, (value) => typeof value === 'number' && value <= parent.max);
  }
  if ('min' in parent) {
    if ('min' in child) return child.min >= parent.min;
    return everyOf(child, (value) => typeof value === 'number' && value >= parent.min);
  }
  return false;
}

function everyOf(child: ArgumentConstraint, holds: (value: string | number | boolean) => boolean): boolean {
  return 'one_of' in child && child.one_of.every(holds);
}

const CONSTRAINTS: ReadonlySet<string> = new Set(['one_of', 'prefix', 'max', 'min']);

/** A constraint that nobody here knows may mean anything. */
function isKnown({ args }: Right): boolean {
  return Object.values(args).every((all) =>
    all.every((constraint) => {
      const keys = Object.keys(constraint);
      return keys.length === 1 && CONSTRAINTS.has(keys[0] as string);
    }),
  );
}
