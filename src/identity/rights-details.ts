// Rights as tokens carry them: `authorization_details` (RFC 9396) of one type.
import { type Action, ACTIONS, parseResource, RESOURCE_KINDS } from '../core/access.ts';
import type { ArgumentConstraint, Right } from '../core/rights.ts';

/** `type` of the authorization details that say what a call may be. */
export const CALL_DETAILS = 'waygate_call';

const RIGHTS_MAX = 64;
const LIST_MAX = 64;
const TEXT_MAX = 512;
const FIELDS: ReadonlySet<string> = new Set(['type', 'actions', 'resources', 'args']);

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };
const no = (problem: string): { ok: false; problem: string } => ({ ok: false, problem });

export function detailsOf(rights: readonly Right[]): readonly Readonly<Record<string, unknown>>[] {
  return rights.map(({ actions, resources, args }) => ({
    type: CALL_DETAILS,
    actions,
    resources,
    ...(Object.keys(args).length > 0 && { args }),
  }));
}

/** The rights that details state, or what is wrong with them; nothing in them may be unknown. */
export function readDetails(value: unknown): Read<readonly Right[]> {
  if (!Array.isArray(value) || value.length > RIGHTS_MAX) return no(`expected a list of at most ${RIGHTS_MAX} objects`);
  const rights: Right[] = [];
  for (const one of value) {
    const read = readRight(one);
    if (!read.ok) return read;
    rights.push(read.value);
  }
  return { ok: true, value: rights };
}

function readRight(value: unknown): Read<Right> {
  if (!isObject(value) || value['type'] !== CALL_DETAILS)
    return no(`each must be an object of the type \`${CALL_DETAILS}\``);
  if (Object.keys(value).some((name) => !FIELDS.has(name)))
    return no('each may have `type`, `actions`, `resources` and `args`, and nothing else');
  const { actions, resources, args = {} } = value;
  if (!isList(actions, isAction)) return no('`actions` must be a list of actions, e.g. `tool.call`');
  if (!isList(resources, isPattern))
    return no('`resources` must be a list of `kind/upstream/name`, with a `*` at the end alone');
  const constraints = readArgs(args);
  return constraints.ok ? { ok: true, value: { actions, resources, args: constraints.value } } : constraints;
}

function readArgs(value: unknown): Read<Right['args']> {
  if (!isObject(value) || Object.keys(value).length > LIST_MAX) return no('`args` must be an object of lists');
  for (const [path, constraints] of Object.entries(value)) {
    if (!isText(path) || path.split('.').includes(''))
      return no('`args` must name paths of arguments, e.g. `repo.name`');
    if (!isList(constraints, isConstraint))
      return no(
        'each path in `args` must have a list of `one_of`, `prefix`, `max` or `min`, each in an object of its own',
      );
  }
  return { ok: true, value: value as Right['args'] };
}

function isConstraint(value: unknown): value is ArgumentConstraint {
  if (!isObject(value)) return false;
  const [[name, bound] = [], more] = Object.entries(value);
  if (name === undefined || more !== undefined) return false;
  if (name === 'one_of') return isList(bound, isScalar);
  if (name === 'prefix') return typeof bound === 'string' && bound.length <= TEXT_MAX;
  return (name === 'max' || name === 'min') && isExact(bound);
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'boolean' || (typeof value === 'string' && value.length <= TEXT_MAX) || isExact(value);
}

/** A number that every reader takes for the same one. */
function isExact(value: unknown): value is number {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

function isAction(value: unknown): value is Action {
  // What clients do by themselves comes to the gateway as no call: a right to it would say nothing.
  return value !== 'tool.local' && ACTIONS.some((action) => action === value);
}

/** A resource, or the beginning of some with a `*`. */
function isPattern(value: unknown): value is string {
  if (!isText(value)) return false;
  const star = value.indexOf('*');
  if (star < 0) return parseResource(value) !== undefined;
  const kind = value.slice(0, Math.max(0, value.indexOf('/')));
  const isKind = RESOURCE_KINDS.some((known) => (kind === '' ? known.startsWith(value.slice(0, -1)) : known === kind));
  return star === value.length - 1 && isKind;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= TEXT_MAX && value.isWellFormed();
}

function isList<T>(value: unknown, isMember: (member: unknown) => member is T): value is T[] {
  return Array.isArray(value) && value.length > 0 && value.length <= LIST_MAX && value.every(isMember);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
