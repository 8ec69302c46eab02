import type { Action, Resource, ResourceKind } from '../core/access.ts';
import { KINDS_OF } from './actions.ts';
import { matchesGlob } from './glob.ts';
import { matchesName, matchesPattern, type Pattern, type ResourceGlob } from './pattern.ts';

/** What a rule or limit is about: these actions on these resources. */
export interface Target {
  readonly actions: readonly Action[];
  readonly patterns: readonly Pattern[];
}

export interface Targeted {
  readonly targets: readonly Target[];
}

/** One pattern of an item. A glob stands here only where the shelf has not decided it already. */
interface Entry<T> {
  readonly item: T;
  readonly upstream: string | undefined;
  readonly name: string | undefined;
}

/** The entries of one upstream: by their whole name, or by what stands before the first wildcard. */
interface Shelf<T> {
  readonly whole: Map<string, Entry<T>[]>;
  readonly beginning: Map<string, Entry<T>[]>;
  /** Lengths of the beginnings. */
  readonly lengths: Set<number>;
}

type Shelves<T> = Map<string, Shelf<T>>;

/** Key of the shelf whose upstream is a pattern; no upstream is called so. */
const ANY = '';

export function matchesTarget({ targets }: Targeted, action: Action, resource: Resource): boolean {
  return (
    KINDS_OF[action].includes(resource.kind) &&
    targets.some(
      ({ actions, patterns }) =>
        actions.includes(action) && patterns.some((pattern) => matchesPattern(pattern, resource)),
    )
  );
}

/** Finds what is about an action on a resource, at a cost that follows what is found, not what there is. */
export class TargetIndex<T extends Targeted> {
  readonly #shelves = new Map<Action, Map<ResourceKind, Shelves<T>>>();

  constructor(items: readonly T[]) {
    for (const item of items)
      for (const { actions, patterns } of item.targets)
        for (const action of actions) for (const pattern of patterns) this.#add(item, action, pattern);
  }

  /** The items whose targets match, in no particular order. */
  find(action: Action, resource: Resource): ReadonlySet<T> {
    const found = new Set<T>();
    const shelves = this.#shelves.get(action)?.get(resource.kind);
    if (!shelves) return found;
    const own = shelves.get(resource.upstream);
    if (own) takeAll(own, resource, found);
    const any = shelves.get(ANY);
    if (any) takeAll(any, resource, found);
    return found;
  }

  #add(item: T, action: Action, { kind, globs }: Pattern): void {
    if (!KINDS_OF[action].includes(kind)) return;
    const kinds = getOrMake(this.#shelves, action, () => new Map<ResourceKind, Shelves<T>>());
    const shelves = getOrMake(kinds, kind, () => new Map<string, Shelf<T>>());
    for (const glob of globs) place(shelves, glob, { item, kind });
  }
}

function place<T>(
  shelves: Shelves<T>,
  { upstream, name }: ResourceGlob,
  { item, kind }: { readonly item: T; readonly kind: ResourceKind },
): void {
  const shelf = getOrMake(shelves, upstream.includes('*') ? ANY : upstream, newShelf<T>);
  const star = name.indexOf('*');
  const beginning = star < 0 ? name : name.slice(0, star);
  // `get_*` takes all that begins so; in http a star ends at the next slash, unless it stands alone.
  const decided = star < 0 || (star === name.length - 1 && (kind !== 'http' || star === 0));
  if (star >= 0) shelf.lengths.add(beginning.length);
  getOrMake(star < 0 ? shelf.whole : shelf.beginning, beginning, (): Entry<T>[] => []).push({
    item,
    upstream: upstream.includes('*') && upstream !== '*' ? upstream : undefined,
    name: decided ? undefined : name,
  });
}

function takeAll<T>({ whole, beginning, lengths }: Shelf<T>, resource: Resource, found: Set<T>): void {
  const { name } = resource;
  take(whole.get(name), resource, found);
  for (const length of lengths) if (length <= name.length) take(beginning.get(name.slice(0, length)), resource, found);
}

function take<T>(entries: readonly Entry<T>[] | undefined, resource: Resource, found: Set<T>): void {
  if (!entries) return;
  for (const { item, upstream, name } of entries) {
    if (upstream !== undefined && !matchesGlob(upstream, resource.upstream)) continue;
    if (name !== undefined && !matchesName(name, resource)) continue;
    found.add(item);
  }
}

function newShelf<T>(): Shelf<T> {
  return { whole: new Map(), beginning: new Map(), lengths: new Set() };
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
