// How a JSON text is laid out, and what is written into it so that it looks as if it had always been there.
import stripJsonComments from 'strip-json-comments';
import type { Part } from '../protocols/json-outline.ts';

export interface JsonText {
  readonly text: string;
  /** The text with its comments, needless commas and mark of byte order blanked: offsets are the same. */
  readonly plain: string;
  /** The text with its comments alone blanked. */
  readonly withCommas: string;
  readonly eol: string;
  /** One step of indentation. */
  readonly step: string;
}

export function jsonText(text: string): JsonText {
  return {
    text,
    plain: stripJsonComments(text, { trailingCommas: true }).replace(/^\uFEFF/, ' '),
    withCommas: stripJsonComments(text),
    eol: text.includes('\r\n') ? '\r\n' : '\n',
    step: /^([ \t]+)"/m.exec(text)?.[1] ?? '  ',
  };
}

/** Characters `start` to `end` become `text`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export function replacement(source: JsonText, part: Part, value: unknown): Edit {
  return { start: part.start, end: part.end, text: written(source, value, indentAt(source.text, part.from)) };
}

/** A member of an object, or without a key an element of a list. */
interface Entry {
  readonly key?: string;
  readonly value: unknown;
}

interface Insertion {
  /** Where the object or list opens. */
  readonly at: number;
  readonly parts: readonly Part[];
  readonly entries: readonly Entry[];
}

/** The edits that put new entries behind the parts that are there. */
export function insertion(source: JsonText, { at, parts, entries }: Insertion): readonly Edit[] {
  if (entries.length === 0) return [];
  const { text, plain, withCommas, eol, step } = source;
  const [first, last] = [parts[0], parts.at(-1)];
  const lines = (indent: string): string =>
    entries.map((entry) => `${indent}${named(entry)}${written(source, entry.value, indent)}`).join(`,${eol}`);
  if (!first || !last) {
    const outer = indentAt(text, at);
    const space = /^\s*(?=[}\]])/.exec(text.slice(at + 1))?.[0];
    const closing = space === undefined ? '' : eol + outer;
    return [{ start: at + 1, end: at + 1 + (space?.length ?? 0), text: `${eol}${lines(outer + step)}${closing}` }];
  }
  if (!plain.slice(at, first.from).includes('\n')) {
    const listed = entries.map((entry) => `, ${named(entry)}${JSON.stringify(entry.value)}`).join('');
    return [{ start: last.end, end: last.end, text: listed }];
  }
  const added = `${eol}${lines(indentAt(text, first.from))}`;
  const comma = /^\s*,/.exec(withCommas.slice(last.end))?.[0].length;
  const after = last.end + (comma ?? 0);
  const rest = after + restOfLine(text.slice(after));
  if (comma !== undefined) return [{ start: rest, end: rest, text: `${added},` }];
  if (rest === last.end) return [{ start: rest, end: rest, text: `,${added}` }];
  return [
    { start: last.end, end: last.end, text: ',' },
    { start: rest, end: rest, text: added },
  ];
}

/** Length of a remark that ends the line: it belongs to what stands before it. */
function restOfLine(text: string): number {
  return /^[ \t]*(?:\/\/[^\r\n]*)?(?=\r?\n)/.exec(text)?.[0].length ?? 0;
}

function named({ key }: Entry): string {
  return key === undefined ? '' : `${JSON.stringify(key)}: `;
}

function written({ eol, step }: JsonText, value: unknown, indent: string): string {
  return JSON.stringify(value, undefined, step).replaceAll('\n', `${eol}${indent}`);
}

function indentAt(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, at))?.[0] ?? '';
}
