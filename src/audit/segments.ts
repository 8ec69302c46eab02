import { join } from 'node:path';
import type { Head } from './chain.ts';
import { type AuditEntry, chainEntry } from './entry.ts';
import { type AuditFile, type OpenFile, openFile } from './file.ts';
import { segmentName } from './segment.ts';

/** Why a chain goes on in another file. */
type Reason = 'full' | 'failed' | 'moved';

export interface SegmentsSource {
  readonly dir: string;
  readonly chain: string;
  readonly maxFileBytes: number;
  /** Stands in for the disk in tests of broken ones. */
  readonly open?: OpenFile;
}

/** The files of one chain, of which one at a time is open. */
export class Segments {
  readonly #source: SegmentsSource;
  readonly #open: OpenFile;
  #number = 0;
  #file: AuditFile | undefined;
  #retired: { readonly name: string; readonly reason: Reason } | undefined;
  #doubt: Reason | undefined;

  constructor(source: SegmentsSource) {
    this.#source = source;
    this.#open = source.open ?? openFile;
  }

  /** The file to write to next: a new one where there is none, or where the last is full, damaged or gone. */
  async current(): Promise<AuditFile> {
    const reason = this.#reasonToLeave();
    if (reason) this.#leave(reason);
    if (this.#file) return this.#file;
    const number = this.#number + 1;
    this.#file = await this.#open(this.#path(number));
    this.#number = number;
    return this.#file;
  }

  /** What the first line of an empty file says of where the chain comes from; nothing for the chain's first file. */
  preface(head: Head, atMs: number): readonly AuditEntry[] {
    if (!this.#retired || !this.#file || this.#file.size > 0) return [];
    const { name, reason } = this.#retired;
    return [chainEntry('rotate', atMs, { from: name, reason, after: { seq: head.seq, hash: head.hash } })];
  }

  /**
   * Forces what was written to the disk. After a failure nothing more goes into this file: the system may have forgotten
   * what it could not write.
   */
  async force(): Promise<void> {
    const file = this.#file;
    try {
      await file?.sync();
    } catch (error) {
      if (file === this.#file) this.#doubt = 'failed';
      throw error;
    }
  }

  /** Leaves the open file where it was moved or deleted, so that the next entries go into one that is there. */
  async look(): Promise<void> {
    const file = this.#file;
    if (file && !(await file.isInPlace()) && file === this.#file) this.#doubt = 'moved';
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  #reasonToLeave(): Reason | undefined {
    if (!this.#file) return undefined;
    if (this.#doubt) return this.#doubt;
    if (!this.#file.sound) return 'failed';
    return this.#file.size >= this.#source.maxFileBytes ? 'full' : undefined;
  }

  #leave(reason: Reason): void {
    const file = this.#file;
    this.#file = undefined;
    this.#doubt = undefined;
    this.#retired = { name: segmentName({ chain: this.#source.chain, number: this.#number }), reason };
    // What a failing disk says to this is known already.
    file
      ?.sync()
      .catch(() => {})
      .then(() => file.close())
      .catch(() => {});
  }

  #path(number: number): string {
    return join(this.#source.dir, segmentName({ chain: this.#source.chain, number }));
  }
}
