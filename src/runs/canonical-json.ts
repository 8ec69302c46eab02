// Canonical JSON (RFC 8785), made from the text itself: a number is never read into a double that does not hold it.
// INVARIANT: texts of the same value have the same canonical form, texts of different values different ones. A number that
// a double holds is written as RFC 8785 §3.2.2.3 says; any other keeps all its digits.

/** A JSON value: objects as maps, arrays as arrays, whatever else as its canonical text. */
export type JsonTree = string | readonly JsonTree[] | ReadonlyMap<string, JsonTree>;

const DEPTH_MAX = 128;
/** A longer number stands as it was written: nobody means one. */
const NUMBER_MAX = 1_000;
const ZEROS_MAX = 400;
const SPACE = /[\t\n\r ]*/y;
const LITERAL = /(?:true|false|null)(?![\w.+-])/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])/y;
const BACKSLASH = 0x5c;

/** The value of a JSON text. Throws a `SyntaxError` where it is none, is too deep, or has a key twice or half a character. */
export function readTree(text: string): JsonTree {
  return new TreeReader(text).whole();
}

/** The value under these keys; undefined where there is none. */
export function treeAt(tree: JsonTree, path: readonly string[]): JsonTree | undefined {
  let value: JsonTree | undefined = tree;
  for (const key of path) value = value instanceof Map ? (value.get(key) as JsonTree | undefined) : undefined;
  return value;
}

/** RFC 8785: no space, keys by their UTF-16 code units. */
export function canonical(tree: JsonTree): string {
  if (typeof tree === 'string') return tree;
  if (!(tree instanceof Map)) return `[${(tree as readonly JsonTree[]).map(canonical).join(',')}]`;
  return `{${sorted(tree)
    .map(([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`)
    .join(',')}}`;
}

/** Members by key. No two keys are equal. */
export function sorted(members: ReadonlyMap<string, JsonTree>): readonly (readonly [string, JsonTree])[] {
  return [...members].sort(([one], [other]) => (one < other ? -1 : 1));
}

class TreeReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): JsonTree {
    const value = this.#value(0);
    this.#take(SPACE);
    if (this.#at < this.#text.length) throw this.#fault();
    return value;
  }

  #value(depth: number): JsonTree {
    if (depth > DEPTH_MAX) throw this.#fault();
    this.#take(SPACE);
    switch (this.#text.charAt(this.#at)) {
      case '{':
        return this.#object(depth + 1);
      case '[':
        return this.#array(depth + 1);
      case '"':
        return JSON.stringify(this.#string());
      default:
        return this.#take(LITERAL) ?? canonicalNumber(this.#take(NUMBER) ?? '') ?? this.#fail();
    }
  }

  #object(depth: number): JsonTree {
    const members = new Map<string, JsonTree>();
    for (let first = true; this.#goesOn('}', first); first = false) {
      const key = this.#string();
      this.#take(SPACE);
      this.#step(':');
      if (members.has(key)) throw this.#fault();
      members.set(key, this.#value(depth));
    }
    return members;
  }

  #array(depth: number): JsonTree {
    const elements: JsonTree[] = [];
    for (let first = true; this.#goesOn(']', first); first = false) elements.push(this.#value(depth));
    return elements;
  }

  /** Steps over the bracket or comma before the next part; false over the bracket behind the last one. */
  #goesOn(close: string, first: boolean): boolean {
    if (first) this.#at += 1;
    this.#take(SPACE);
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return false;
    }
    if (!first) this.#step(',');
    this.#take(SPACE);
    return true;
  }

  #string(): string {
    const start = this.#at;
    if (this.#text[start] !== '"') throw this.#fault();
    let end = start;
    do {
      end = this.#text.indexOf('"', end + 1);
      if (end < 0) throw this.#fault();
    } while (this.#isEscaped(end));
    this.#at = end + 1;
    const read = JSON.parse(this.#text.slice(start, this.#at)) as string;
    if (!read.isWellFormed()) throw this.#fault();
    return read;
  }

  #isEscaped(at: number): boolean {
    let backslashes = 0;
    while (this.#text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
    return backslashes % 2 === 1;
  }

  #step(over: string): void {
    if (this.#text[this.#at] !== over) throw this.#fault();
    this.#at += 1;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const taken = pattern.exec(this.#text)?.[0];
    this.#at += taken?.length ?? 0;
    return taken;
  }

  #fail(): never {
    throw this.#fault();
  }

  /** Says where, never what: the text may hold secrets. */
  #fault(): SyntaxError {
    return new SyntaxError(`no unambiguous JSON at character ${this.#at}`);
  }
}

function canonicalNumber(text: string): string | undefined {
  if (text === '' || text.length > NUMBER_MAX) return text || undefined;
  const double = Number(text);
  const written = decimalOf(text);
  if (Number.isFinite(double)) {
    const held = decimalOf(String(double));
    if (held.digits === written.digits && held.exponent === written.exponent) return String(double);
  }
  const { sign, digits, exponent } = written;
  return exponent >= 0 && exponent <= ZEROS_MAX
    ? `${sign}${digits}${'0'.repeat(Number(exponent))}`
    : `${sign}${digits}e${exponent}`;
}

/** Digits without zeros at either end, times ten to the exponent; no digits for zero. */
function decimalOf(text: string): { readonly sign: string; readonly digits: string; readonly exponent: bigint } {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const all = whole + fraction;
  let from = 0;
  let to = all.length;
  while (all[from] === '0') from += 1;
  while (to > from && all[to - 1] === '0') to -= 1;
  const digits = all.slice(from, to);
  const exponent = digits === '' ? 0n : BigInt(power) - BigInt(fraction.length) + BigInt(all.length - to);
  return { sign, digits, exponent };
}
