/** From here on a body whose length is known is put together as it comes, and not in one long turn at its end. */
const WHOLE_BYTES = 262_144;

/** The pieces of a body, in order. */
export class Gathered {
  readonly #whole: Buffer | undefined;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  /** `announced` is its length in bytes, where that is known. */
  constructor(announced: number | undefined) {
    // Of memory of its own, so that it can be handed to another thread. Untouched pages cost nothing.
    if (announced !== undefined && announced > WHOLE_BYTES) this.#whole = Buffer.allocUnsafeSlow(announced);
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  add(chunk: Buffer): void {
    if (this.#whole) chunk.copy(this.#whole, this.#size);
    else this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** Everything that was added. */
  body(): Buffer {
    if (this.#whole) return this.#whole.subarray(0, this.#size);
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#size);
  }
}
