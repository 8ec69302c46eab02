/**
 * `max: { repeats }`: the same action, resource and arguments with the same result, over and over within a tree of runs, in
 * whichever of its agents and with whatever in between (so a ping-pong of two calls is two chains). A result that differs
 * begins anew, so that what polls for a change is no loop.
 *
 * INVARIANT: a call is refused only for results that it gave; those of calls still under way do not count yet.
 * INVARIANT: nobody is shut out: past a pause a repeated call is let through once, and a new result frees it.
 *
 * Across replicas the chains are one, in the store. The look at them is asked in the same turn as the admission, so that it
 * costs no further round trip; what a call gave is noted behind its answer, and counts for every look from then on.
 */
import { type Action, formatResource } from '../core/access.ts';
import type { Call } from '../core/call.ts';
import type { TreeBound } from '../core/decision.ts';
import { sha256 } from '../core/digest.ts';
import { GatewayError } from '../core/errors.ts';
import { fingerprint, localQuestion, short } from './loop-print.ts';
import type { Chain, LoopQuestion, LoopStore } from './loop-store.ts';
import type { LocalResult } from '../core/tool-traffic.ts';

/** Calls whose arguments say all that is asked. What a model is asked stands in its messages, which are no arguments. */
const GUARDED: ReadonlySet<Action> = new Set<Action>(['tool.call', 'resource.read', 'prompt.get', 'http.request']);
/** How long after it was last carried out a repeated call is refused; then one is let through, to see. */
export const PAUSE_MS = 60_000;

/** A bound that is passed. Where it is not enforced, nothing is refused for it. */
export interface Repeated {
  readonly bound: TreeBound;
  readonly error: GatewayError;
}

export interface LoopGuardOptions {
  readonly store: LoopStore;
  /** Told of each result that could not be noted. */
  readonly onError: (cause: unknown) => void;
}

export class LoopGuard {
  readonly #options: LoopGuardOptions;

  constructor(options: LoopGuardOptions) {
    this.#options = options;
  }

  /** Whether what a call gives is to be noted, and so a digest made of it. */
  guards({ access }: Call, bounds: readonly TreeBound[]): boolean {
    return GUARDED.has(access.action) && bounds.some(isOfRepeats);
  }

  /**
   * Which bound a call passes, or the local tools that a call of a model tells of; undefined where none. A promise where a
   * bound applies: it rejects with `limit.unavailable` where the store does not answer.
   */
  check(
    call: Call,
    bounds: readonly TreeBound[],
    local: readonly LocalResult[] = [],
  ): Promise<Repeated | undefined> | undefined {
    const isGuarded = GUARDED.has(call.access.action);
    if (!isGuarded && local.length === 0) return undefined;
    const applying = bounds.filter(isOfRepeats).toSorted((one, other) => one.repeats - other.repeats);
    if (applying.length === 0) return undefined;
    return isGuarded ? this.#checkCall(call, applying) : this.#checkLocal(call, applying, local);
  }

  /** Notes what a guarded call gave. Never waits. */
  note(call: Call, resultDigest: string): void {
    const { principal, run } = call.access;
    const question = {
      kind: 'note',
      call: fingerprint(call),
      result: short(resultDigest),
      id: short(sha256(call.id)),
    } as const;
    this.#options.store.ask(principal.tenant, run.root, [question]).catch(this.#options.onError);
  }

  async #checkCall(call: Call, bounds: readonly RepeatBound[]): Promise<Repeated | undefined> {
    const [chain] = await this.#ask(call, [{ kind: 'look', call: fingerprint(call) }]);
    if (!chain || chain.sinceMs >= PAUSE_MS) return undefined;
    return passed(
      bounds,
      (repeats) => chain.count >= repeats,
      ({ id, repeats }) => {
        const name = formatResource(call.access.resource);
        return `\`${name}\` was called ${times(chain.count)} in this run with the same arguments, each time with the same result, and \`${id}\` allows ${times(repeats)}; it was not called again: use the result that it gave, or do something else`;
      },
    );
  }

  async #checkLocal(
    call: Call,
    bounds: readonly RepeatBound[],
    local: readonly LocalResult[],
  ): Promise<Repeated | undefined> {
    const chains = await this.#ask(call, local.map(localQuestion));
    // What is told again was counted, and stopped, before.
    const counts = chains.map(({ count, isNew }, index) => (isNew && local[index]?.isNew ? count : 0));
    const most = Math.max(...counts);
    const name = local[counts.indexOf(most)]?.name ?? '';
    return passed(
      bounds,
      (repeats) => most > repeats,
      ({ id, repeats }) => {
        return `the tool \`${name}\` was run ${times(most)} in this run with the same arguments, each time with the same result, and \`${id}\` allows ${times(repeats)}; this call of the model is refused: go on in another way`;
      },
    );
  }

  async #ask({ access }: Call, questions: readonly LoopQuestion[]): Promise<readonly Chain[]> {
    try {
      return await this.#options.store.ask(access.principal.tenant, access.run.root, questions);
    } catch (cause) {
      throw new GatewayError(
        'limit.unavailable',
        'whether this run repeats itself cannot be checked because the store does not answer, so the call is refused; try again in a few seconds',
        { retryAfterMs: 2_000, cause },
      );
    }
  }
}

type RepeatBound = TreeBound & { readonly repeats: number };

function isOfRepeats(bound: TreeBound): bound is RepeatBound {
  return bound.repeats !== undefined;
}

/** The first bound that is passed, an enforced one before one in shadow mode. */
function passed(
  bounds: readonly RepeatBound[],
  isPassed: (repeats: number) => boolean,
  tell: (bound: RepeatBound) => string,
): Repeated | undefined {
  const over = bounds.filter(({ repeats }) => isPassed(repeats));
  const bound = over.find(({ enforced }) => enforced) ?? over[0];
  return bound && { bound, error: new GatewayError('run.repeats', tell(bound), { rule: bound.id }) };
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
