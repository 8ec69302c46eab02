// Whether a call stands within the rights that a token carries.
// INVARIANT: what is unknown (a constraint, a path, a value of another type) covers nothing.
import { type AccessRequest, type Action, formatResource, MODEL_USES, type Resource } from './access.ts';
import type { ArgumentConstraint, Right } from './rights.ts';

/** Stands for the deciding rule where a token's rights do not cover a call. */
export const TOKEN_RIGHTS = 'token-rights';

type Args = AccessRequest['args'];
type Asked = Pick<AccessRequest, 'action' | 'resource'>;

/** Whether one of the rights is for this action, on this resource, with these arguments. */
export function covers(rights: readonly Right[], { action, resource, args }: Asked & { readonly args: Args }): boolean {
  const name = formatResource(resource);
  return rights.some((right) => names(right, action, name) && holds(right, args));
}

/** Whether some call of this action on this resource could be covered: for lists, which show what may be used. */
export function mayCover(rights: readonly Right[], { action, resource }: Asked): boolean {
  const name = formatResource(resource);
  return rights.some((right) => names(right, action, name)) || isImplied(rights, action, resource);
}

/** Public: why a call is outside the rights of its token; undefined where it is within, or its credential carries none. */
export function outsideRights({ principal, action, resource, args }: AccessRequest): string | undefined {
  const rights = principal.delegation?.rights;
  if (!rights || covers(rights, { action, resource, args }) || isImplied(rights, action, resource)) return undefined;
  const call = `\`${action}\` on \`${formatResource(resource)}\``;
  const what = mayCover(rights, { action, resource }) ? `${call} with these arguments` : call;
  return `the token of this run carries no right to ${what}; ask whoever started the run for a token that does`;
}

function names({ actions, resources }: Right, action: Action, name: string): boolean {
  return actions.includes(action) && resources.some((pattern) => matches(pattern, name));
}

/** A `*` at the end stands for any rest. */
function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** To see what may be used, and to count what it would take, needs no right of its own: a list is narrowed to the rest. */
function isImplied(rights: readonly Right[], action: Action, resource: Resource): boolean {
  // Done by the client itself: rights are about what comes to the gateway, policies about this too.
  if (action === 'tool.local') return true;
  if (action === 'model.count') {
    const name = formatResource(resource);
    return rights.some((right) => right.actions.some((one) => MODEL_USES.has(one) && names(right, one, name)));
  }
  const kinds = LISTED[action];
  if (!kinds) return false;
  return rights.some(
    ({ actions, resources }) => actions.length > 0 && resources.some((at) => isBelow(at, kinds, resource)),
  );
}

/** A tool server lists its resources and prompts too. */
const LISTED: Partial<Readonly<Record<Action, readonly Resource['kind'][]>>> = {
  'model.list': ['model'],
  'tool.list': ['tool', 'resource', 'prompt'],
};

/** Whether a pattern stands for anything that an upstream may list. */
function isBelow(pattern: string, kinds: readonly Resource['kind'][], { upstream }: Resource): boolean {
  return kinds.some((kind) => {
    const place = `${kind}/${upstream}/`;
    return pattern.startsWith(place) || (pattern.endsWith('*') && place.startsWith(pattern.slice(0, -1)));
  });
}

function holds({ args: constraints }: Right, args: Args): boolean {
  return Object.entries(constraints).every(([path, all]) => {
    const value = valueAt(args, path.split('.'));
    return value !== undefined && all.every((constraint) => satisfies(value, constraint));
  });
}

function valueAt(args: Args, path: readonly string[]): unknown {
  let value: unknown = args;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Args)[name];
  }
  return value;
}

function satisfies(value: unknown, constraint: ArgumentConstraint): boolean {
  if (Object.keys(constraint).length !== 1) return false;
  // Two integers beyond 2^53 may be one number here and two where the call goes.
  if ('one_of' in constraint) return !isInexact(value) && constraint.one_of.some((one) => one === value);
  if ('prefix' in constraint) return typeof value === 'string' && value.startsWith(constraint.prefix);
  if ('max' in constraint) return typeof value === 'number' && value <= constraint.max;
  if ('min' in constraint) return typeof value === 'number' && value >= constraint.min;
  return false;
}

function isInexact(value: unknown): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}
