/** From here on a body whose length is known is put together as it comes, and not in one long turn at its end. */
const WHOLE_BYTES = 262_144;
/** A smaller piece is copied: kept as it is, it would hold an object and the whole read that it came in. */
const PIECE_BYTES = 4_096;

/** The pieces of a body, in order. */
export class Gathered {
  readonly #whole: Buffer | undefined;
  readonly #chunks: Buffer[] = [];
  /** Holds small pieces, up to `#used`. */
  #block: Buffer | undefined;
  #used = 0;
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
    else if (this.#size === 0 || chunk.length >= PIECE_BYTES) this.#keep(chunk);
    else this.#pack(chunk);
    this.#size += chunk.length;
  }

  #keep(chunk: Buffer): void {
    this.#closeBlock();
    this.#chunks.push(chunk);
  }

  #pack(chunk: Buffer): void {
    if (this.#used + chunk.length > PIECE_BYTES) this.#closeBlock();
    this.#block ??= Buffer.allocUnsafeSlow(PIECE_BYTES);
    this.#used += chunk.copy(this.#block, this.#used);
  }

  #closeBlock(): void {
    if (this.#block) this.#chunks.push(this.#block.subarray(0, this.#used));
    this.#block = undefined;
    this.#used = 0;
  }

  /** Everything that was added. */
  body(): Buffer {
    if (this.#whole) return this.#whole.subarray(0, this.#size);
    this.#closeBlock();
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#size);
  }
}
