/** What was done to the files; any of these and they are no evidence. */
export type FindingKind =
  /** A line, or the one before it, is not as it was written. */
  | 'edited'
  /** Lines that must have been here are not. */
  | 'deleted'
  /** A line stands where it was not written. */
  | 'misplaced'
  /** A file of a chain is not there. */
  | 'file-missing'
  /** The chain ends before a line that the store knows of. */
  | 'cut'
  /** The line that the store knows of has another hash. */
  | 'rewritten'
  /** Something stands behind the line that says that nothing follows. */
  | 'appended'
  /** The store knows of a chain of which there is no file. */
  | 'chain-missing';

/** What the files cannot prove, or what a crash or a full disk has left. */
export type NoteKind =
  /** The last line is not whole: the process ended while it wrote. */
  | 'torn'
  /** Lines of a write that failed; the chain goes on without them. */
  | 'leftover'
  /** The chain has no last line: it still grows, or its process ended without closing it. */
  | 'unclosed'
  /** Lines since the last head that the store knows: cutting or rewriting those would not show. */
  | 'unanchored'
  /** Nothing could be written for a while; how many calls that cost stands in the line. */
  | 'gap';

export interface Remark<Kind> {
  readonly kind: Kind;
  readonly chain: string;
  readonly file: string | undefined;
  /** From 1. */
  readonly line: number | undefined;
  readonly detail: string;
}
export type Finding = Remark<FindingKind>;
export type Note = Remark<NoteKind>;

export interface ChainReport {
  readonly chain: string;
  readonly files: number;
  readonly lines: number;
  /** Number of the last line. */
  readonly seq: number;
  readonly closed: boolean;
  /** Number of the last line that the store vouches for; undefined where it knows nothing of the chain. */
  readonly anchoredTo: number | undefined;
  /** Permits without an outcome: their calls were under way when the chain ended. */
  readonly openPermits: number;
}

export interface AuditReport {
  /** True where nothing was found. Read `notes` for what that does not cover. */
  readonly ok: boolean;
  readonly chains: readonly ChainReport[];
  readonly findings: readonly Finding[];
  readonly notes: readonly Note[];
}
