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
const LINE_BYTES_MAX = 4_194_304;

/** The lines of a file, which may be larger than memory. After more bytes than a line can have, nothing more is read. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let size = 0;
  let number = 1;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield { number, bytes: Buffer.concat([...parts, chunk.subarray(start, end)]), whole: true };
      parts = [];
      size = 0;
      number += 1;
      start = end + 1;
    }
    parts.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > LINE_BYTES_MAX) break;
  }
  if (size > 0) yield { number, bytes: Buffer.concat(parts), whole: false };
}
