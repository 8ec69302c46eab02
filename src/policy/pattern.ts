import { type Resource, RESOURCE_KINDS, type ResourceKind } from '../core/access.ts';
import { unknownName } from '../core/nearest.ts';
import { isParameter } from '../core/operation.ts';
import { matchesGlob, matchesPath, writeOut } from './glob.ts';

/** One `kind/upstream/name` with wildcards, its alternatives written out. */
export interface Pattern {
  readonly source: string;
  readonly kind: ResourceKind;
  readonly globs: readonly ResourceGlob[];
}

export interface ResourceGlob {
  readonly upstream: string;
  readonly name: string;
}

/** Reads a pattern, split at the first two slashes, or says what is wrong with it. */
export function parsePattern(source: string): Pattern | { readonly fault: string } {
  const first = source.indexOf('/');
  const second = source.indexOf('/', first + 1);
  const kindName = first < 0 ? source : source.slice(0, first);
  const kind = RESOURCE_KINDS.find((known) => known === kindName);
  if (!kind) return { fault: unknownName('kind of resource', kindName, RESOURCE_KINDS) };
  if (second < 0) return { fault: `expected \`kind/upstream/name\`, e.g. \`${kind}/*/*\`` };
  const upstreams = writeOut(source.slice(first + 1, second));
  // `GET /issues/{id}` is the name of an operation.
  const names = writeOut(source.slice(second + 1), kind === 'http' ? isParameter : undefined);
  if ('fault' in upstreams) return upstreams;
  if ('fault' in names) return names;
  if (upstreams.includes('')) return { fault: 'the upstream is empty, `*` stands for all of them' };
  if (kind === 'http' && names.some(joinsStars))
    return { fault: '`**` is a whole segment of a path, e.g. `GET /files/**`' };
  return { source, kind, globs: upstreams.flatMap((upstream) => names.map((name) => ({ upstream, name }))) };
}

/** The pattern that every resource of a kind matches. */
export function everything(kind: ResourceKind): Pattern {
  return { source: `${kind}/*/*`, kind, globs: [{ upstream: '*', name: '*' }] };
}

export function matchesPattern(pattern: Pattern, resource: Resource): boolean {
  if (pattern.kind !== resource.kind) return false;
  return pattern.globs.some(
    ({ upstream, name }) => matchesGlob(upstream, resource.upstream) && matchesName(name, resource),
  );
}

/** Whether the name of a resource matches, by the rules of its kind. */
export function matchesName(glob: string, { kind, name }: Resource): boolean {
  // `everything` is meant for http too.
  return kind === 'http' && glob !== '*' ? matchesPath(glob, name) : matchesGlob(glob, name);
}

function joinsStars(name: string): boolean {
  return name.split('/').some((segment) => segment.includes('**') && segment !== '**');
}
