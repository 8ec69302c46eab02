import type { Anchor } from './anchor.ts';
import { follows, GENESIS, type Opened, unseal } from './chain.ts';
import type { Line } from './lines.ts';
import type { ChainReport, Finding, FindingKind, Note, NoteKind } from './report.ts';
import { type Segment, segmentName } from './segment.ts';

/** As much of an entry as a chain is checked by. */
interface Entry {
  readonly seq: number;
  readonly kind: string;
  readonly call?: unknown;
  /** Of a `rotate`: the line that the new file goes on from. */
  readonly after?: { readonly seq: number; readonly hash: string };
}

/** Reads one chain's lines in order. After a fault it goes on from what the line says of itself, so that each shows once. */
export class ChainCheck {
  readonly findings: Finding[] = [];
  readonly notes: Note[] = [];
  readonly #chain: string;
  readonly #anchor: Anchor | undefined;
  readonly #openPermits = new Set<unknown>();
  #segment: Segment | undefined;
  #line = 0;
  #files = 0;
  #lines = 0;
  #seq = 0;
  /** Of the line `#seq`; undefined where that cannot be known. */
  #hash: string | undefined = GENESIS;
  /** Of the line before the open file and of each line in it, and the same of the file before. */
  #hashes: (string | undefined)[] = [];
  #hashesBefore: (string | undefined)[] = [];
  #closed = false;
  #fileMissing = false;
  #atAnchor: string | undefined;

  constructor(chain: string, anchor: Anchor | undefined) {
    this.#chain = chain;
    this.#anchor = anchor;
  }

  /** This file's lines follow. Files come in the order of their numbers. */
  begin(segment: Segment): void {
    for (let number = (this.#segment?.number ?? 0) + 1; number < segment.number; number += 1) {
      this.#find('file-missing', `\`${segmentName({ chain: this.#chain, number })}\` is not there`);
      this.#fileMissing = true;
    }
    this.#segment = segment;
    this.#files += 1;
    this.#line = 0;
    this.#hashesBefore = this.#hashes;
    this.#hashes = [this.#hash];
  }

  add(line: Line): void {
    this.#line = line.number;
    if (!line.whole) {
      this.#note('torn', 'the line is not whole: the process ended, or its disk failed, while it wrote');
      return;
    }
    this.#lines += 1;
    const opened = unseal(line.bytes);
    const entry = opened && parse(opened.text);
    if (entry) this.#take(entry, opened);
    else {
      this.#find('edited', 'this is no line that a gateway wrote');
      this.#accept(this.#seq + 1, undefined);
    }
  }

  finish(): ChainReport {
    this.#line = 0;
    if (!this.#closed)
      this.#note('unclosed', 'the chain has no last line: its process still runs, or ended without one');
    this.#compareAnchor();
    return {
      chain: this.#chain,
      files: this.#files,
      lines: this.#lines,
      seq: this.#seq,
      closed: this.#closed,
      anchoredTo: this.#anchor?.seq,
      openPermits: this.#openPermits.size,
    };
  }

  #take(entry: Entry, opened: Opened): void {
    if (this.#closed) this.#find('appended', `line ${entry.seq} stands behind the one that closed the chain`);
    if (entry.kind === 'rotate' && entry.after && this.#line === 1) this.#goOn(entry.after);
    if (entry.seq <= this.#seq) {
      this.#find('misplaced', `line ${entry.seq} stands behind line ${this.#seq}`);
      return;
    }
    if (entry.seq > this.#seq + 1)
      this.#find('deleted', `${range(this.#seq + 1, entry.seq - 1)} must stand before this one`);
    else if (this.#hash !== undefined && !follows(this.#hash, opened)) {
      this.#find('edited', `line ${entry.seq}, or the one before it, is not as it was written`);
    }
    this.#accept(entry.seq, opened.hash);
    this.#count(entry);
  }

  #accept(seq: number, hash: string | undefined): void {
    this.#seq = seq;
    this.#hash = hash;
    this.#hashes.push(hash);
    if (seq === this.#anchor?.seq) this.#atAnchor = hash;
  }

  // A file that was left after a failed write may end in lines that never counted.
  #goOn(after: { readonly seq: number; readonly hash: string }): void {
    const leftover = this.#seq - after.seq;
    const isThere = leftover >= 0 && this.#hashesBefore.at(-1 - leftover) === after.hash;
    if (!isThere && !this.#fileMissing) return;
    if (isThere && leftover > 0) {
      this.#note('leftover', `${leftover} lines at the end of the file before are of a write that failed`);
    }
    this.#fileMissing = false;
    this.#seq = after.seq;
    this.#hash = after.hash;
    this.#hashes = [after.hash];
  }

  #count({ kind, call }: Entry): void {
    if (kind === 'permit') this.#openPermits.add(call);
    if (kind === 'outcome' || kind === 'refusal') this.#openPermits.delete(call);
    if (kind === 'gap')
      this.#note('gap', 'for a while nothing could be written; the line says how long and what it cost');
    if (kind === 'stop') this.#closed = true;
  }

  #compareAnchor(): void {
    const anchor = this.#anchor;
    if (!anchor) {
      this.#note(
        'unanchored',
        'no store vouches for this chain: lines cut off its end, or all written anew, would not show',
      );
    } else if (anchor.seq > this.#seq) {
      this.#find('cut', `the store knows of line ${anchor.seq}, but the chain ends with line ${this.#seq}`);
    } else if (this.#atAnchor !== anchor.hash) {
      this.#find('rewritten', `line ${anchor.seq} is not the one that the store knows`);
    } else if (anchor.seq < this.#seq) {
      this.#note('unanchored', `the store does not vouch for ${range(anchor.seq + 1, this.#seq)}`);
    }
  }

  #find(kind: FindingKind, detail: string): void {
    this.findings.push({ kind, detail, ...this.#place() });
  }

  #note(kind: NoteKind, detail: string): void {
    this.notes.push({ kind, detail, ...this.#place() });
  }

  #place(): { readonly chain: string; readonly file: string | undefined; readonly line: number | undefined } {
    const line = this.#line === 0 ? undefined : this.#line;
    return { chain: this.#chain, file: this.#segment && segmentName(this.#segment), line };
  }
}

function range(first: number, last: number): string {
  return first === last ? `line ${first}` : `lines ${first} to ${last}`;
}

// The hash is cut off with the closing brace. What does not parse was not written by a gateway.
function parse(text: Buffer): Entry | undefined {
  try {
    const entry: Partial<Entry> = JSON.parse(`${text.toString()}}`);
    return Number.isSafeInteger(entry.seq) && typeof entry.kind === 'string' ? (entry as Entry) : undefined;
  } catch {
    return undefined;
  }
}
