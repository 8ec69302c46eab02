/**
 * What callers did and were told, beside what reached the store: a call that was let in was admitted there, an end is
 * booked as its caller had it, once, and nothing but a fault makes a lease lapse under a gateway that lives.
 */
import type { PermittedCall } from '../../../../src/core/call.ts';
import type { CallId } from '../../../../src/core/ids.ts';
import type { Charge } from '../../../../src/core/usage.ts';
import type { AdmitRequest, Claim, SettleRequest } from '../../../../src/limits/store.ts';
import type { End, Violation } from './oracle.ts';
import type { Admission } from './tenant-oracle.ts';
import type { Witness } from './watched-store.ts';

/** A gateway, as far as its calls depend on it. */
export interface Home {
  readonly name: string;
  /** Until it crashes or has been closed. */
  readonly lives: boolean;
  /** When a message of it was last lost, late or doubled. */
  readonly faultAtMs: number;
  /** When its clock last stepped. */
  readonly stepAtMs: number;
}

type Doing =
  | { readonly kind: 'asking' }
  | { readonly kind: 'running' }
  /** Let through though the store did not answer: it costs nothing. */
  | { readonly kind: 'unreserved' }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'settled'; readonly charge: Charge; readonly sent: PermittedCall }
  | { readonly kind: 'released' };

export interface Entry {
  readonly call: PermittedCall;
  readonly home: Home;
  readonly sinceMs: number;
  doing: Doing;
  /** As the store was last asked for it. */
  asked: readonly Claim[];
  /** As the store admitted it. */
  claims: readonly Claim[] | undefined;
  end: End | undefined;
  /** When its caller had done with it. */
  overMs: number;
}

export interface CallBookSource {
  readonly nowMs: () => number;
  readonly onViolation: Violation;
  readonly onOperation: (words: string) => void;
}

/** An end is told at once, fails by its deadline, and is told again each second. */
const FAILED_WITHIN_MS = 500;
const BOOKED_WITHIN_MS = 3_000;

export class CallBook implements Witness {
  readonly #entries = new Map<CallId, Entry>();
  readonly #source: CallBookSource;
  /** When the store's clock last stepped. */
  stepAtMs = -Infinity;

  constructor(source: CallBookSource) {
    this.#source = source;
  }

  begin(call: PermittedCall, home: Home): Entry {
    const sinceMs = this.#source.nowMs();
    const known = { call, home, sinceMs, claims: undefined, end: undefined, overMs: Infinity };
    const entry: Entry = { ...known, asked: [], doing: { kind: 'asking' } };
    this.#entries.set(call.id, entry);
    return entry;
  }

  /** What its caller was told first. */
  told(entry: Entry, code: string | undefined): void {
    const { call, doing, claims } = entry;
    if (doing.kind === 'unreserved') return;
    if (doing.kind !== 'asking') return this.#wrong(`${call.id} is told twice`);
    if (code === undefined) {
      entry.doing = { kind: 'running' };
      if (!claims) this.#wrong(`${call.id} was let in, and the store did not admit it`);
      return;
    }
    this.over(entry, { kind: 'refused', code });
    const isFull = code !== 'limit.unavailable' && code !== 'request.aborted' && code !== 'gateway.draining';
    if (isFull && claims && !this.#hadFault(entry) && !this.#stepped(entry))
      this.#wrong(`${call.id} was refused, and the store admitted it`);
  }

  mayDouble(call: CallId): boolean {
    return this.#entries.get(call)?.call.fallbacks.length === 0;
  }

  /** Its caller has done with it. */
  over(entry: Entry, doing: Doing): void {
    entry.doing = doing;
    entry.overMs = this.#source.nowMs();
  }

  onOperation(words: string): void {
    this.#source.onOperation(words);
  }

  onAdmit({ call, chain }: AdmitRequest, answer: Admission): void {
    const entry = this.#entries.get(call);
    if (!entry) return this.#wrong(`${call} is asked for, and nobody made it`);
    entry.asked = chain.flatMap(({ claims }) => claims);
    if (answer !== 'gone' && answer.kind === 'admitted') entry.claims ??= entry.asked;
  }

  onSettle({ call, actual }: SettleRequest): void {
    const { doing, claims = [] } = this.#entries.get(call) as Entry;
    if (doing.kind !== 'settled') return this.#wrong(`${call} is settled, and it is ${doing.kind}`);
    const right = claims.map((claim) => usedOf(claim, doing));
    const isRight = claims.every(({ mode }, index) => mode === 'spend' || actual[index] === right[index]);
    if (!isRight) this.#wrong(`${call} is settled with ${actual.join()} instead of ${right.join()}`);
  }

  onRelease(call: CallId): void {
    const { kind } = (this.#entries.get(call) as Entry).doing;
    if (kind === 'settled' || kind === 'running') this.#wrong(`${call} is released, and it is ${kind}`);
  }

  onEnd(call: CallId, { end, atMs }: { readonly end: End; readonly atMs: number }): void {
    const entry = this.#entries.get(call) as Entry;
    if (entry.end) this.#wrong(`${call} was ${entry.end}, and is ${end}`);
    entry.end = end;
    const { home, overMs } = entry;
    if (end !== 'expired' || !home.lives || this.#stepped(entry)) return;
    if (!this.#hadFault(entry)) this.#wrong(`the lease of ${call} lapsed, and nothing was wrong with ${home.name}`);
    // Told that there is no room, a gateway knows nothing of a doubled question that found some.
    const isKnown = entry.doing.kind !== 'refused' || entry.doing.code === 'limit.unavailable';
    if (isKnown && atMs > overMs + BOOKED_WITHIN_MS && home.faultAtMs < overMs + FAILED_WITHIN_MS)
      this.#wrong(`the lease of ${call} lapsed, and ${home.name} had long been able to say that it was over`);
  }

  onGivenUp(call: CallId): void {
    const entry = this.#entries.get(call) as Entry;
    if (this.#stepped(entry)) return;
    if (entry.home.faultAtMs < entry.overMs + FAILED_WITHIN_MS)
      this.#wrong(`the end of ${call} was given up, and nothing was wrong any more`);
  }

  /** Once everything is over: who was told what must have ended as it should. */
  close(): void {
    for (const entry of this.#entries.values()) {
      const { call, home, doing, claims, end } = entry;
      if (home.lives && (doing.kind === 'asking' || doing.kind === 'running'))
        this.#wrong(`${call.id} is ${doing.kind} for ever`);
      if (claims?.some(({ mode }) => mode === 'hold') && !end) this.#wrong(`${call.id} was admitted and did not end`);
      if (home.lives && end && end !== 'expired' && end !== doing.kind && doing.kind !== 'refused')
        this.#wrong(`${call.id} is ${doing.kind}, and the store has it ${end}`);
    }
  }

  #hadFault({ home, sinceMs }: Entry): boolean {
    return home.faultAtMs >= sinceMs;
  }

  #stepped({ home, sinceMs }: Entry): boolean {
    return Math.max(home.stepAtMs, this.stepAtMs) >= sinceMs;
  }

  #wrong(text: string): void {
    this.#source.onViolation(text);
  }
}

/** By what the claim counts; nothing where it is for another model than the one that was used. */
function usedOf(
  { unit, key }: Claim,
  { charge, sent }: { readonly charge: Charge; readonly sent: PermittedCall },
): number {
  const model = /:model=(\S+)/.exec(key)?.[1];
  const { upstream, name } = sent.access.resource;
  if (model !== undefined && model !== `${upstream}/${name}`) return 0;
  return unit === 'tokens' || unit === 'money' ? charge[unit] : 1;
}
