// The hash chain: each line ends with the SHA-256 of the line before it and of its own text.
import { hash } from 'node:crypto';

/** The last line of a chain: what a verifier must find, or something was cut off. */
export interface Head {
  /** Names the chain; a process has one. */
  readonly chain: string;
  /** Counts lines from 1; 0 for a chain without any. */
  readonly seq: number;
  /** 64 hex digits. */
  readonly hash: string;
}

/** What stands before the first line of a chain. */
export const GENESIS = '0'.repeat(64);

const MEMBER = ',"hash":"';
const TAIL = /^,"hash":"([0-9a-f]{64})"}$/;
const TAIL_LENGTH = MEMBER.length + GENESIS.length + 2;

const COMMA = 0x2c;

export interface Sealed {
  readonly head: Head;
  /** The line in two parts, with its line feed. */
  readonly line: readonly [Buffer, Buffer];
}

/** Puts an entry, a JSON object with members, behind the head. */
export function seal(head: Head, json: string): Sealed {
  const seq = head.seq + 1;
  const start = `${head.hash}{"seq":${seq}`;
  // Encoded once, with what the hash covers before it: the entry's own brackets become a comma and nothing.
  const hashed = Buffer.from(start + json).subarray(0, -1);
  hashed[start.length] = COMMA;
  const digest = hash('sha256', hashed);
  const tail = Buffer.from(`${MEMBER}${digest}"}\n`, 'latin1');
  return { head: { chain: head.chain, seq, hash: digest }, line: [hashed.subarray(GENESIS.length), tail] };
}

/** A line as it was written, taken apart. */
export interface Opened {
  /** What its hash covers, besides the line before it. */
  readonly text: Buffer;
  readonly hash: string;
}

/** Takes a line apart, without its line feed; undefined where it is not of the form that `seal` makes. */
export function unseal(line: Buffer): Opened | undefined {
  const text = line.subarray(0, -TAIL_LENGTH);
  const tail = TAIL.exec(line.toString('latin1', text.length));
  return tail?.[1] === undefined ? undefined : { text, hash: tail[1] };
}

/** Whether a line follows the one that has this hash. */
export function follows(before: string, { text, hash: stated }: Opened): boolean {
  return hash('sha256', Buffer.concat([Buffer.from(before), text])) === stated;
}
