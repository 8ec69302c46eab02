// Where the parts of a JSON value stand, and edits of bytes there. Nothing is ever serialised again.
// INVARIANT: an edit changes the bytes that it names and no others.
import { endOfString, JSON_CHARS } from './json-measure.ts';

const { QUOTE, COMMA, COLON, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT } = JSON_CHARS;

/** One member of an object or one element of an array; offsets are those of the text. */
export interface Part {
  /** Empty for an element. */
  readonly key: string;
  /** Where it begins: at its key, or for an element at its value. */
  readonly from: number;
  /** Its value, `start` to `end`. */
  readonly start: number;
  readonly end: number;
}

/**
 * The parts of the object or array that opens at `at`; none where it does not close. For offsets in bytes, `text` has
 * one character per byte (`latin1`); keys outside ASCII are then not readable.
 */
export function outline(text: string, at: number): readonly Part[] {
  const parts: Part[] = [];
  let level = 0;
  let key = '';
  let keyEnd = at;
  let from = at;
  let start = at;
  for (let index = at; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case QUOTE: {
        const end = endOfString(text, index);
        if (end < 0) return [];
        if (index === from) keyEnd = end;
        index = end;
        break;
      }
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        level++;
        if (level === 1) from = start = pastSpace(text, index + 1);
        break;
      case COLON:
        if (level !== 1) break;
        key = readKey(text.slice(from + 1, keyEnd));
        start = pastSpace(text, index + 1);
        break;
      case COMMA:
        if (level !== 1) break;
        parts.push({ key, from, start, end: beforeSpace(text, index) });
        from = start = pastSpace(text, index + 1);
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        level--;
        if (level > 0) break;
        if (from < index) parts.push({ key, from, start, end: beforeSpace(text, index) });
        return parts;
    }
  }
  return [];
}

function readKey(escaped: string): string {
  if (!escaped.includes('\\')) return escaped;
  try {
    return JSON.parse(`"${escaped}"`) as string;
  } catch {
    return escaped;
  }
}

function pastSpace(text: string, at: number): number {
  let index = at;
  while (text.charCodeAt(index) <= 0x20) index++;
  return index;
}

function beforeSpace(text: string, at: number): number {
  let index = at;
  while (text.charCodeAt(index - 1) <= 0x20) index--;
  return index;
}

/** The member of that name. */
export function partOf(parts: readonly Part[], key: string): Part | undefined {
  return parts.find((part) => part.key === key);
}

/** Whether the value of a part is an object. */
export function isObjectAt(text: string, part: Part): boolean {
  return text.charCodeAt(part.start) === OPEN_OBJECT;
}

/** Whether the value of a part is an array. */
export function isArrayAt(text: string, part: Part): boolean {
  return text.charCodeAt(part.start) === OPEN_ARRAY;
}

/** Bytes `start` to `end` become `text`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Sets a member of the object that opens at `open` and has these parts: its value is replaced, or it is put first. */
export function setMember(open: number, parts: readonly Part[], member: { key: string; value: string }): Edit {
  const present = partOf(parts, member.key);
  if (present) return { start: present.start, end: present.end, text: member.value };
  const comma = parts.length > 0 ? ',' : '';
  return { start: open + 1, end: open + 1, text: `${JSON.stringify(member.key)}:${member.value}${comma}` };
}

/** Takes out the parts that are not kept, each with one comma beside it. */
export function removeParts(parts: readonly Part[], keep: (index: number) => boolean): readonly Edit[] {
  const edits: Edit[] = [];
  let keptBefore = false;
  for (const [index, part] of parts.entries()) {
    if (keep(index)) {
      keptBefore = true;
      continue;
    }
    const start = keptBefore ? (parts[index - 1]?.end ?? part.from) : part.from;
    const end = keptBefore ? part.end : (parts[index + 1]?.from ?? part.end);
    edits.push({ start, end, text: '' });
  }
  return edits;
}

/** The body with its edits, which must not overlap. */
export function splice(body: Buffer, edits: readonly Edit[]): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { start, end, text } of edits.toSorted((one, other) => one.start - other.start)) {
    pieces.push(body.subarray(at, start), Buffer.from(text));
    at = end;
  }
  pieces.push(body.subarray(at));
  return Buffer.concat(pieces);
}
