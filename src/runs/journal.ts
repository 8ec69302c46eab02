// The journal's contract: one suite of tests (test/runs/journal-contract.ts) runs against every implementation.
import type { Compensation } from '../core/decision.ts';
import type { CallId, RunId } from '../core/ids.ts';

/** Where a call is written: its entry in the tenant's journal, and the call that owns it. */
export interface JournalPlace {
  readonly tenant: string;
  readonly root: RunId;
  /** Unique within the tenant: of the call’s key and its tree, or for a call without a key its id. */
  readonly entry: string;
  readonly call: CallId;
}

/** A call that is about to be sent. */
export interface JournalBegin {
  readonly place: JournalPlace;
  /** Of what its repeat has in common with it. */
  readonly digest: string;
  readonly facts: JournalFacts;
  /** Without a renewal for so long, nobody knows what became of it. */
  readonly leaseMs: number;
  /** How long the entry is kept, from now and again from its end. */
  readonly keepMs: number;
}

/** What is known of a call before it is sent, for people and for its undoing. */
export interface JournalFacts {
  readonly path: readonly RunId[];
  /** `kind/upstream/name` */
  readonly resource: string;
  /** The rule that journals it, `policy/rule`. */
  readonly rule: string;
  readonly beganMs: number;
  readonly undo: PreparedUndo | undefined;
}

/** A compensation as far as it is known: its arguments that stand, and those that the result has yet to give. */
export interface PreparedUndo {
  readonly tool: Compensation['tool'];
  readonly args: Readonly<Record<string, unknown>>;
  /** By name of the argument: its path below `result`. */
  readonly fromResult: Readonly<Record<string, readonly string[]>>;
  /** Why it can never be made; undefined where nothing stands against it. */
  readonly fault: string | undefined;
}

export interface RecordedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
}

/** How a call ended whose answer came whole. */
export interface JournalFinish {
  /** Undefined where it is too large to be repeated. */
  readonly answer: RecordedAnswer | undefined;
  readonly outcome: JournalOutcome;
}

export interface JournalOutcome {
  /** Whether the answer says that the call failed. */
  readonly failed: boolean;
  /** What the result gives to the compensation: by name of the argument. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Why it does not give all; undefined where it does. */
  readonly fault: string | undefined;
}

/** What a journal says of a call that is about to be sent. */
export type Begun =
  /** It may be sent, and is written as running. */
  | { readonly kind: 'new' }
  | { readonly kind: 'recorded'; readonly answer: RecordedAnswer }
  /** Done, and its answer was too large to be kept. */
  | { readonly kind: 'large' }
  /** Under way by another call at this moment. */
  | { readonly kind: 'running' }
  /** Another request had this key. */
  | { readonly kind: 'mismatch' }
  /** It was sent, and its result was never recorded. */
  | { readonly kind: 'unknown' }
  /** It was done, and has been taken back since, or is being so. */
  | { readonly kind: 'undone' };

/**
 * `large` is done without a kept answer. A call whose lease has lapsed is `unknown`, an undoing whose lease has lapsed
 * `undo-unknown`: it may have been made.
 */
export type EntryState = 'running' | 'done' | 'large' | 'unknown' | 'undoing' | 'undone' | 'undo-unknown';

export interface JournalEntry {
  readonly place: JournalPlace;
  /** Its number within the tree, from 1, in the order in which the calls began. */
  readonly step: number;
  readonly state: EntryState;
  readonly facts: JournalFacts;
  /** Undefined before its end. */
  readonly outcome: JournalOutcome | undefined;
}

/** An undoing that is about to be made. */
export interface UndoBegin {
  readonly place: JournalPlace;
  /** Names this attempt: only it may end what it began. */
  readonly attempt: string;
  readonly leaseMs: number;
}

/** `unfit`: the call is not one that was done, or is no longer known. */
export type UndoBegun = 'new' | 'running' | 'undone' | 'unknown' | 'unfit';

/** `kept`: it surely was not taken back, and may be tried again. */
export type UndoEnd = 'undone' | 'kept' | 'unknown';

/**
 * Every method is atomic and may be repeated where its answer was lost. A method rejects with `limit.unavailable` where the
 * store does not answer.
 */
export interface JournalStore {
  begin(request: JournalBegin): Promise<Begun>;
  /** Extends the lease of a call or of an undoing that still runs; `owner` is the call's id or the attempt. */
  renew(place: JournalPlace, owner: string, leaseMs: number): Promise<boolean>;
  /** False where the entry is not this call's, or no longer known. */
  finish(place: JournalPlace, finish: JournalFinish, keepMs: number): Promise<boolean>;
  /** The call has no result: with `surelyNotSent` it is as if it had never begun. False where it had ended before. */
  fail(place: JournalPlace, surelyNotSent: boolean): Promise<boolean>;
  /** Of a tree, the oldest first. */
  entries(tenant: string, root: RunId): Promise<readonly JournalEntry[]>;
  beginUndo(request: UndoBegin): Promise<UndoBegun>;
  /** False where the attempt is not the one under way. */
  endUndo(place: JournalPlace, attempt: string, end: UndoEnd): Promise<boolean>;
}
