/**
 * The journal in this process's memory: for one gateway, and lost with it.
 * INVARIANT: it answers the same history as the journal in Redis does (test/runs/journal-memory.equal.test.ts), but for answers
 * that memory has no more room for: those are done, and too large to be repeated.
 */
import type { Clock } from '../core/clock.ts';
import type { RunId } from '../core/ids.ts';
import type {
  Begun,
  JournalBegin,
  JournalEntry,
  JournalFinish,
  JournalPlace,
  JournalStore,
  UndoBegin,
  UndoBegun,
  UndoEnd,
} from './journal.ts';
import { drop, entryOf, isKept, isOpen, type Kept, said, sweep, type Tree } from './journal-kept.ts';

/** Of all answers together. */
const BODIES_BYTES_MAX = 67_108_864;

export function memoryJournal({ clock }: { readonly clock: Clock }): JournalStore {
  const journal = new MemoryJournal(clock);
  return {
    begin: async (request) => journal.begin(request),
    renew: async (place, owner, leaseMs) => journal.renew(place, owner, leaseMs),
    finish: async (place, finish, keepMs) => journal.finish(place, finish, keepMs),
    fail: async (place, surelyNotSent) => journal.fail(place, surelyNotSent),
    entries: async (tenant, root) => journal.entries(tenant, root),
    beginUndo: async (request) => journal.beginUndo(request),
    endUndo: async (place, attempt, end) => journal.endUndo(place, attempt, end),
  };
}

class MemoryJournal {
  readonly #clock: Clock;
  readonly #trees = new Map<string, Tree>();
  /** Those with an answer, the oldest first. */
  readonly #answered: Kept[] = [];
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(request: JournalBegin): Begun {
    const { place, digest, leaseMs, keepMs } = request;
    const now = this.#clock.now();
    const known = this.#find(place, now);
    if (known) {
      if (known.begun.place.call === place.call && known.state === 'running') return { kind: 'new' };
      return known.begun.digest === digest ? said(known) : { kind: 'mismatch' };
    }
    this.#tidy(now);
    const tree = this.#treeOf(place);
    sweep(tree, now);
    const step = tree.lastStep + 1;
    const untilMs = now + Math.max(keepMs, leaseMs);
    tree.entries.delete(place.entry);
    tree.entries.set(place.entry, {
      begun: request,
      step,
      state: 'running',
      leaseEndMs: now + leaseMs,
      untilMs,
      finish: undefined,
      attempt: undefined,
      before: undefined,
    });
    tree.lastStep = step;
    return { kind: 'new' };
  }

  renew(place: JournalPlace, owner: string, leaseMs: number): boolean {
    const now = this.#clock.now();
    const known = this.#find(place, now);
    const runs =
      (known?.state === 'running' && known.begun.place.call === owner) ||
      (known?.state === 'undoing' && known.attempt === owner);
    if (!known || !runs) return false;
    this.#hold(known, now, leaseMs);
    return true;
  }

  finish(place: JournalPlace, finish: JournalFinish, keepMs: number): boolean {
    const now = this.#clock.now();
    const known = this.#own(place, now);
    if (!known) return false;
    if (!isOpen(known)) return true;
    known.state = finish.answer ? 'done' : 'large';
    known.finish = finish;
    known.untilMs = Math.max(known.untilMs, now + keepMs);
    this.#makeRoom(known);
    return true;
  }

  fail(place: JournalPlace, surelyNotSent: boolean): boolean {
    const known = this.#own(place, this.#clock.now());
    if (!known || !isOpen(known)) return false;
    if (surelyNotSent) drop(this.#treeOf(place), place.entry);
    else known.state = 'unknown';
    return true;
  }

  entries(tenant: string, root: RunId): readonly JournalEntry[] {
    const now = this.#clock.now();
    const tree = this.#trees.get(treeName({ tenant, root }));
    return [...(tree?.entries.values() ?? [])].filter((kept) => isKept(kept, now)).map(entryOf);
  }

  beginUndo({ place, attempt, leaseMs }: UndoBegin): UndoBegun {
    const now = this.#clock.now();
    const known = this.#own(place, now);
    if (!known) return 'unfit';
    switch (known.state) {
      case 'undone':
        return 'undone';
      case 'undo-unknown':
        return 'unknown';
      case 'undoing':
        return known.attempt === attempt ? 'new' : 'running';
      case 'done':
      case 'large':
        known.before = known.state;
        known.state = 'undoing';
        known.attempt = attempt;
        this.#hold(known, now, leaseMs);
        return 'new';
      case 'running':
      case 'unknown':
        return 'unfit';
      default:
        return known.state satisfies never;
    }
  }

  endUndo(place: JournalPlace, attempt: string, end: UndoEnd): boolean {
    const known = this.#find(place, this.#clock.now());
    if (!known || known.attempt !== attempt) return false;
    if (known.state === 'undone') return end === 'undone';
    if (end === 'kept') {
      known.state = known.before ?? known.state;
      known.attempt = undefined;
    } else known.state = end === 'undone' ? 'undone' : 'undo-unknown';
    return true;
  }

  /** Takes the answer in, and the oldest ones out that there is no more room for. */
  #makeRoom(known: Kept): void {
    if (!known.finish?.answer) return;
    this.#bytes += known.finish.answer.body.length;
    this.#answered.push(known);
    while (this.#bytes > BODIES_BYTES_MAX) {
      const oldest = this.#answered.shift();
      if (!oldest?.finish?.answer) return;
      this.#bytes -= oldest.finish.answer.body.length;
      oldest.finish = { ...oldest.finish, answer: undefined };
      if (oldest.state === 'done') oldest.state = 'large';
      if (oldest.before === 'done') oldest.before = 'large';
    }
  }

  #hold(known: Kept, now: number, leaseMs: number): void {
    known.leaseEndMs = now + leaseMs;
    known.untilMs = Math.max(known.untilMs, known.leaseEndMs);
  }

  #own(place: JournalPlace, now: number): Kept | undefined {
    const known = this.#find(place, now);
    return known?.begun.place.call === place.call ? known : undefined;
  }

  #find(place: JournalPlace, now: number): Kept | undefined {
    const known = this.#trees.get(treeName(place))?.entries.get(place.entry);
    return known && isKept(known, now) ? known : undefined;
  }

  #treeOf(place: JournalPlace): Tree {
    const name = treeName(place);
    const known = this.#trees.get(name) ?? { entries: new Map<string, Kept>(), lastStep: 0 };
    this.#trees.set(name, known);
    return known;
  }

  /** Looks at one tree in turn and drops it where nothing of it is kept. */
  #tidy(now: number): void {
    for (const [name, tree] of this.#trees) {
      sweep(tree, now);
      this.#trees.delete(name);
      if (tree.entries.size > 0) this.#trees.set(name, tree);
      return;
    }
  }
}

const treeName = ({ tenant, root }: Pick<JournalPlace, 'tenant' | 'root'>): string => `${tenant}\n${root}`;
