import type { Action, Resource } from '../core/access.ts';
import { KIND_OF } from './actions.ts';
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

/** Key of the shelf whose upstream is a pattern. */
const ANY = '';

export function matchesTarget(item: Targeted, action: Action, resource: Resource): boolean {
  return item.targets.some(
    ({ actions, patterns }) =>
      actions.includes(action) && patterns.some((pattern) => matchesPattern(pattern, resource)),
  );
}

/** Finds what is about an action on a resource, at a cost that follows what is found, not what there is. */
export class TargetIndex<T extends Targeted> {
  readonly #shelves = new Map<Action, Map<string, Shelf<T>>>();

  constructor(items: readonly T[]) {
    for (const item of items) for (const [action, globs] of globsOf(item)) this.#add(item, action, globs);
  }

  /** The items whose targets match, in no particular order. */
  find(action: Action, resource: Resource): ReadonlySet<T> {
    const found = new Set<T>();
    const shelves = KIND_OF[action] === resource.kind ? this.#shelves.get(action) : undefined;
    if (!shelves) return found;
    for (const key of [resource.upstream, ANY]) {
      const shelf = shelves.get(key);
      if (!shelf) continue;
      take(shelf.whole.get(resource.name), resource, found);
      for (const length of shelf.lengths)
        if (length <= resource.name.length) take(shelf.beginning.get(resource.name.slice(0, length)), resource, found);
    }
    return found;
  }

  #add(item: T, action: Action, globs: readonly ResourceGlob[]): void {
    for (const { upstream, name } of globs) {
      const shelves = getOrMake(this.#shelves, action, () => new Map<string, Shelf<T>>());
      const shelf = getOrMake(shelves, upstream.includes('*') ? ANY : upstream, newShelf<T>);
      const star = name.indexOf('*');
      const beginning = star < 0 ? name : name.slice(0, star);
      // `get_*` takes all that begins so; in http a star ends at the next slash, unless it stands alone.
      const decided = star < 0 || (star === name.length - 1 && (KIND_OF[action] !== 'http' || star === 0));
      if (star >= 0) shelf.lengths.add(beginning.length);
      getOrMake(star < 0 ? shelf.whole : shelf.beginning, beginning, () => []).push({
        item,
        upstream: upstream.includes('*') && upstream !== '*' ? upstream : undefined,
        name: decided ? undefined : name,
      });
    }
  }
}

function globsOf({ targets }: Targeted): Map<Action, ResourceGlob[]> {
  const globs = new Map<Action, ResourceGlob[]>();
  for (const { actions, patterns } of targets)
    for (const action of actions)
      for (const pattern of patterns)
        if (pattern.kind === KIND_OF[action]) getOrMake(globs, action, () => []).push(...pattern.globs);
  return globs;
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
