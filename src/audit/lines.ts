import { createReadStream } from 'node:fs';

/** One line of a file, without its line feed. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly bytes: Buffer;
  /** False for what stands after the last line feed, and for more bytes than any line of ours has. */
  readonly whole: boolean;
}

const LINE_FEED = 0x0a;
const LINE_BYTES_MAX = 16_777_216;

/** The lines of a file, which may be larger than memory. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let rest = Buffer.alloc(0);
  let number = 1;
  for await (const chunk of createReadStream(path)) {
    const bytes = Buffer.concat([rest, chunk as Buffer]);
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      yield { number, bytes: bytes.subarray(start, end), whole: true };
      number += 1;
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (rest.length > LINE_BYTES_MAX) break;
  }
  if (rest.length > 0) yield { number, bytes: rest, whole: false };
}
