// One file's text before → after. INVARIANT: what an edit made is read again, and counts only where it says what was wanted and
// all that was said before; else nothing is written.
import { isDeepStrictEqual } from 'node:util';
import type { Format } from './client.ts';
import { editDotenv, readDotenv } from './edit-dotenv.ts';
import { editJson, readJson } from './edit-json.ts';
import { editToml, readToml } from './edit-toml.ts';
import { CannotEdit, isMap, merged, type Wanted } from './merge.ts';

interface Editor {
  /** Throws `CannotEdit`. */
  readonly read: (text: string) => unknown;
  readonly edit: (text: string, content: unknown) => string;
  /** A file with nothing in it. */
  readonly empty: string;
}

const EDITORS: Readonly<Record<Format, Editor>> = {
  json: { read: readJson, edit: editJson, empty: '{}\n' },
  toml: { read: readToml, edit: editToml, empty: '' },
  dotenv: { read: readDotenv, edit: editDotenv, empty: '' },
};

/** The text with the settings in it. Throws `CannotEdit` where that cannot be done without harm. */
export function edit(format: Format, { text, wanted }: { readonly text?: string; readonly wanted: Wanted }): string {
  const { read, edit: put, empty } = EDITORS[format];
  const before = text === undefined || text.trim() === '' ? empty : text;
  const content = read(before);
  if (!isMap(content)) throw new CannotEdit('it is not a map at its top');
  const expected = merged(content, wanted);
  if (isDeepStrictEqual(content, expected)) return text ?? before;
  const after = put(before, expected);
  if (saysSo(read, after, expected)) return after;
  throw new CannotEdit('the settings cannot be put in without a change of what else it says');
}

function saysSo(read: Editor['read'], after: string, expected: unknown): boolean {
  try {
    return isDeepStrictEqual(read(after), expected);
  } catch {
    return false;
  }
}
