// Calls of one tenant that leave in one turn of the event loop ask together: one script for all their admissions, and one
// for all their settlements. A counter that they share travels, and is read and written, once.
import type { RunId } from '../core/ids.ts';
import { SWEEP_MAX } from './bounds.ts';
import type { Question } from './redis.ts';
import { escaped } from '../core/store-keys.ts';
import type { TenantKeys } from './redis-keys.ts';
import { ADMIT, SETTLE } from './scripts.ts';
import type { Batch } from './turn.ts';
import { readFacts, runWords } from './run-words.ts';
import type { AdmitRequest, AdmitResult, Claim, ClaimState, SettleRequest } from './store.ts';

/** A batch keeps Redis busy for less than a few milliseconds. */
const CALLS_MAX = 50;

/** What scripts/admit.lua is told of the moment. */
interface Moment {
  /** Milliseconds, or `-` for the server's clock. */
  readonly now: string;
  /** The generation that this process has seen, or `-`. */
  readonly generation: string;
  /** The generation to begin with where the tenant has none, or `-`. */
  readonly first: string;
}

/** `gone` where the call was released before it was admitted, `unborn` where the store has to be told how its run begins. */
type Admission = AdmitResult | 'gone' | 'unborn';

/** The answer to a batch: `lost`, or what became of each call. */
export type Admissions = 'lost' | { readonly generation: string; readonly calls: readonly Admission[] };

/** Runs of which the store was told how they begin. */
export interface Born {
  has(run: RunId): boolean;
  set(run: RunId, told: true): unknown;
}

/** Admissions on their way to scripts/admit.lua. */
export class AdmitBatch implements Batch<AdmitRequest> {
  readonly #tenant: TenantKeys;
  readonly #born: Born;
  readonly #places = new Map<string, number>();
  readonly #calls = new Map<string, number>();
  #words = '';

  /** `born` are the runs that the store was told the beginning of. */
  constructor(tenant: TenantKeys, born: Born) {
    this.#tenant = tenant;
    this.#born = born;
    this.#place(tenant.generation);
    this.#place(tenant.leases);
    this.#place(tenant.stops);
  }

  get isFull(): boolean {
    return this.#calls.size >= CALLS_MAX;
  }

  /** Gives the index of the call's answer. A call that is in it already is the same call. */
  add({ call, chain, leaseMs, run }: AdmitRequest): number {
    const known = this.#calls.get(call);
    if (known !== undefined) return known;
    const index = this.#calls.size;
    this.#calls.set(call, index);
    let count = 0;
    let words = '';
    for (const { claims } of chain) {
      count += claims.length;
      for (const claim of claims) words += this.#claim(claim);
    }
    const place = this.#place(this.#tenant.reservation(call));
    this.#words += ` ${place} ${escaped(call)} ${leaseMs} ${count}${words} ${this.#run(run)}`;
    return index;
  }

  #run(run: AdmitRequest['run']): string {
    if (!run) return '-';
    const { tree, run: key } = this.#tenant;
    const birth = !this.#born.has(run.run.id);
    if (birth) this.#born.set(run.run.id, true);
    return `${this.#place(tree(run.run.root))} ${this.#place(key(run.run.id))} ${runWords(run, birth)}`;
  }

  #claim(claim: Claim): string {
    const { ask, limit, mode, enforced, window } = claim;
    const words = ` ${this.#place(this.#tenant.counter(claim))} ${ask} ${limit} ${mode} ${enforced ? '1' : '0'} `;
    if (window.kind === 'calendar') return `${words}calendar ${window.startMs} ${window.endMs}`;
    return words + (window.kind === 'rolling' ? window.ms : window.kind);
  }

  // Counted from 1, as Lua does.
  #place(key: string): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.#places.size + 1;
    this.#places.set(key, place);
    return place;
  }

  question({ now, generation, first }: Moment): Question {
    const words = `${now} ${generation} ${first} ${SWEEP_MAX}${this.#words}`;
    return { script: ADMIT, keys: [...this.#places.keys()], args: [this.#tenant.prefix, words] };
  }
}

/** Reads what scripts/admit.lua says. */
export function readAdmissions(reply: string): Admissions {
  if (reply === 'lost') return reply;
  const [generation = '', ...lines] = reply.split('\n');
  return { generation, calls: lines.map(readAdmission) };
}

function readAdmission(line: string): Admission {
  const words = line.split(' ');
  const [kind, index] = words;
  if (kind === 'admitted') return { kind, states: readStates(words, 1) };
  if (kind === 'exceeded') return { kind, index: Number(index), states: readStates(words, 2) };
  if (kind === 'moved') return { kind, tree: readFacts(words, 1) };
  return kind === 'unborn' ? 'unborn' : 'gone';
}

/** `settled held resetMs retryMs`, per claim. */
function readStates(words: readonly string[], start: number): readonly ClaimState[] {
  const states: ClaimState[] = [];
  for (let i = start; i + 3 < words.length; i += 4) {
    states.push({
      settled: Number(words[i]),
      held: Number(words[i + 1]),
      resetMs: Number(words[i + 2]),
      retryMs: Number(words[i + 3]),
    });
  }
  return states;
}

/** Settlements on their way to scripts/settle.lua, which answers with a character each. */
export class SettleBatch implements Batch<SettleRequest> {
  readonly #tenant: TenantKeys;
  readonly #keys: string[];
  #words = '';

  constructor(tenant: TenantKeys) {
    this.#tenant = tenant;
    this.#keys = [tenant.leases];
  }

  get isFull(): boolean {
    return this.#keys.length > CALLS_MAX;
  }

  /** Gives the index of the call's answer. */
  add({ call, actual, run }: SettleRequest): number {
    const used = run ? `${run.charge.tokens} ${run.charge.money} ${run.isError ? '1' : '0'}` : '- - 0';
    const amounts = actual.length > 0 ? ` ${actual.join(' ')}` : '';
    this.#words += ` ${escaped(call)} ${actual.length}${amounts} ${used}`;
    return this.#keys.push(this.#tenant.reservation(call)) - 2;
  }

  question(now: string): Question {
    return { script: SETTLE, keys: this.#keys, args: [now + this.#words] };
  }
}
