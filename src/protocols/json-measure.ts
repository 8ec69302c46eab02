// Counting in JSON text. Skips strings with `indexOf`, so that the cost follows the structure and not the size.
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

export const JSON_CHARS = {
  QUOTE,
  COMMA,
  COLON,
  OPEN_ARRAY,
  CLOSE_ARRAY,
  OPEN_OBJECT,
  CLOSE_OBJECT,
} as const;

export interface Measure {
  /** Members of all objects. */
  readonly members: number;
  /** Levels of the deepest value; measuring ends at the first one past the bound. */
  readonly depth: number;
  /** Objects and arrays. */
  readonly containers: number;
  /** Whether any key is written with a backslash. */
  readonly escapedKey: boolean;
}

/** Counts a JSON text; of a text that is no JSON it counts something, and ends. */
export function measure(text: string, depthMax: number): Measure {
  let members = 0;
  let containers = 0;
  let level = 0;
  let depth = 0;
  let escapedKey = false;
  // The string read last, which before a colon is a key, and the first backslash at or behind its start.
  let open = 0;
  let end = 0;
  let backslash = -1;
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case QUOTE:
        open = index;
        end = endOfString(text, index);
        if (end < 0) return { members, depth, containers, escapedKey };
        index = end;
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        containers++;
        level++;
        if (level > depth) depth = level;
        if (depth > depthMax) return { members, depth, containers, escapedKey };
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        level--;
        break;
      case COLON:
        members++;
        if (backslash < open) backslash = firstFrom(text, open);
        if (backslash < end) escapedKey = true;
        break;
    }
  }
  return { members, depth, containers, escapedKey };
}

function firstFrom(text: string, start: number): number {
  const found = text.indexOf('\\', start);
  return found < 0 ? Infinity : found;
}

/** Index of the quote that closes the string opened at `open`, or -1. */
export function endOfString(text: string, open: number): number {
  let end = text.indexOf('"', open + 1);
  while (text.charCodeAt(end - 1) === BACKSLASH && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 1;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

/** Members of all objects in a parsed value whose depth is known to be bounded. */
export function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const element of value as readonly unknown[]) {
      if (typeof element === 'object') members += countMembers(element);
    }
    return members;
  }
  for (const key in value) {
    members++;
    const member = (value as Record<string, unknown>)[key];
    if (typeof member === 'object') members += countMembers(member);
  }
  return members;
}
