/** Strings longer than this are cut: a span's size is bounded by its number of attributes. */
const TEXT_MAX = 512;
/** Up to here a loop over the characters is quicker than a call into the runtime. */
const SHORT = 40;

/**
 * Writes protobuf from a buffer's last byte to its first: a message's length is known by the time it has to be written,
 * and its envelope is put before it without moving anything. Fields therefore stand in the reverse order of the calls.
 */
export class ProtoWriter {
  readonly #buffer: Buffer;
  #at: number;

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafeSlow(size);
    this.#at = size;
  }

  /** Where the next byte goes before; what `wrap` wants to know of a message's end. */
  get at(): number {
    return this.#at;
  }

  /** A copy of everything written, and an empty buffer again. */
  take(): Buffer {
    const bytes = Buffer.from(this.#buffer.subarray(this.#at));
    this.#at = this.#buffer.length;
    return bytes;
  }

  /** Puts a length-delimited field's tag and length before everything written since the writer stood at `end`. */
  wrap(tag: number, end: number): void {
    this.varint(end - this.#at);
    this.#buffer[--this.#at] = tag;
  }

  raw(bytes: Uint8Array): void {
    this.#at -= bytes.length;
    this.#buffer.set(bytes, this.#at);
  }

  /** A tag or any other single byte. */
  byte(value: number): void {
    this.#buffer[--this.#at] = value;
  }

  /** A whole number, 0 to 2^53. */
  varint(value: number): void {
    if (value < 0x80) {
      this.#buffer[--this.#at] = value;
      return;
    }
    let bytes = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1;
    this.#at -= bytes;
    let rest = value;
    for (let index = 0; index < bytes - 1; index += 1) {
      this.#buffer[this.#at + index] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#at + bytes - 1] = rest;
  }

  double(value: number): void {
    this.#at -= 8;
    this.#buffer.writeDoubleLE(value, this.#at);
  }

  /** A fixed64 of nanoseconds since the epoch, from milliseconds with a fraction. */
  nanos(milliseconds: number): void {
    const whole = Math.floor(milliseconds);
    // Split at 16 bits, since nanoseconds since the epoch pass 2^53.
    const upper = Math.floor(whole / 0x10000) * 1_000_000;
    const lower = (whole % 0x10000) * 1_000_000 + Math.round((milliseconds - whole) * 1_000_000);
    const sum = (upper % 0x10000) * 0x10000 + lower;
    this.#at -= 8;
    this.#buffer.writeUInt32LE(sum % 0x1_0000_0000, this.#at);
    this.#buffer.writeUInt32LE(Math.floor(upper / 0x10000) + Math.floor(sum / 0x1_0000_0000), this.#at + 4);
  }

  /** The bytes that a text of hex digits stands for. */
  hex(digits: string): void {
    this.#at -= digits.length / 2;
    this.#buffer.write(digits, this.#at, 'hex');
  }

  /** UTF-8, cut after 512 characters. */
  text(value: string): void {
    if (value.length > SHORT) {
      this.#utf8(value.length > TEXT_MAX ? value.slice(0, TEXT_MAX) : value);
      return;
    }
    const buffer = this.#buffer;
    let at = this.#at;
    for (let index = value.length - 1; index >= 0; index -= 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) {
        this.#utf8(value);
        return;
      }
      buffer[--at] = code;
    }
    this.#at = at;
  }

  #utf8(value: string): void {
    this.#at -= Buffer.byteLength(value);
    this.#buffer.write(value, this.#at);
  }
}
