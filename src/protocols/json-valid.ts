// Reads JSON that JSON.parse has taken, for the one thing that JSON.parse gets wrong: keys written with a backslash. V8 up to
// 13.6 guesses the next key from an object that it parsed before, and compares its letters with the key as it is written:
// after a parse of {"a":1,"\\u006":1}, the text {"a":1,"\u0061dmin":1} gives a key `\u006`.
import { endOfString, JSON_CHARS } from './json-measure.ts';

const { QUOTE, OPEN_ARRAY, OPEN_OBJECT } = JSON_CHARS;
const SPACE = /[\t\n\r ]*/y;
const SCALAR = /[^\t\n\r ,\]}]*/y;

/** The value of a text that is known to be JSON and whose depth is known to be bounded. */
export function readValid(text: string): unknown {
  return new ValidJson(text).value();
}

class ValidJson {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): unknown {
    this.#take(SPACE);
    switch (this.#text.charCodeAt(this.#at)) {
      case OPEN_OBJECT:
        return this.#object();
      case OPEN_ARRAY:
        return this.#array();
      case QUOTE:
        return this.#string();
      default:
        return JSON.parse(this.#take(SCALAR));
    }
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    while (this.#goesOn('}')) {
      const key = this.#string();
      this.#take(SPACE);
      this.#at += 1;
      // Not by assignment: `__proto__` is a key like any other.
      const own = { value: this.value(), enumerable: true, writable: true, configurable: true };
      Object.defineProperty(object, key, own);
    }
    return object;
  }

  #array(): unknown[] {
    const array: unknown[] = [];
    while (this.#goesOn(']')) array.push(this.value());
    return array;
  }

  /** Steps over the bracket or comma before the next part; false over the bracket behind the last one. */
  #goesOn(close: string): boolean {
    this.#take(SPACE);
    if (this.#text[this.#at] !== close) {
      this.#at += 1;
      this.#take(SPACE);
    }
    if (this.#text[this.#at] !== close) return true;
    this.#at += 1;
    return false;
  }

  #string(): string {
    const end = endOfString(this.#text, this.#at) + 1;
    const written = this.#text.slice(this.#at, end);
    this.#at = end;
    return JSON.parse(written) as string;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [taken] = pattern.exec(this.#text) as RegExpExecArray;
    this.#at += taken.length;
    return taken;
  }
}
