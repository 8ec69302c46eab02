import type { Clock } from '../core/clock.ts';
import { GENESIS, type Head, seal } from './chain.ts';
import type { AuditEntry } from './entry.ts';
import type { AuditConfig } from './schema.ts';
import { Segments, type SegmentsSource } from './segments.ts';

export interface WriterSource extends SegmentsSource {
  readonly clock: Clock;
  readonly fsync: AuditConfig['fsync'];
}

/** Binds entries to the chain and writes them, as many as there are at once. */
export class ChainWriter {
  readonly #source: WriterSource;
  readonly #segments: Segments;
  #head: Head;

  constructor(source: WriterSource) {
    this.#source = source;
    this.#segments = new Segments(source);
    this.#head = { chain: source.chain, seq: 0, hash: GENESIS };
  }

  /** The last line that stands. */
  get head(): Head {
    return this.#head;
  }

  /** All of them in one write, or none. Never called while another call runs. */
  async write(entries: readonly AuditEntry[]): Promise<void> {
    const file = await this.#segments.current();
    let head = this.#head;
    const parts: Buffer[] = [];
    for (const { json } of [...this.#segments.preface(head, this.#source.clock.now()), ...entries]) {
      const sealed = seal(head, json);
      head = sealed.head;
      parts.push(...sealed.line);
    }
    await file.append(Buffer.concat(parts));
    if (this.#source.fsync === 'always') await this.#segments.force();
    this.#head = head;
  }

  /** What is due every so often: forces to the disk what should be there by now, and looks whether the file still is. */
  async look(): Promise<void> {
    if (this.#source.fsync === 'interval') await this.#segments.force();
    await this.#segments.look();
  }

  async close(): Promise<void> {
    if (this.#source.fsync !== 'never') await this.#segments.force().catch(() => {});
    await this.#segments.close();
  }
}
