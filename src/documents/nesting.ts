import { Lexer } from 'yaml';

/** How deep lists and maps may nest. */
export const NESTING_MAX = 32;

const OPENING = new Set(['[', '{']);
const CLOSING = new Set([']', '}']);
const INDICATORS = new Set(['-', '?', ':']);
/** Marks that the lexer puts between tokens and that are not in the text. */
const MARKS = new Set(['\u0002', '\u0018', '\u001f']);

/**
 * Offset from which on a YAML text nests deeper than it may, or undefined. It counts open brackets and, outside of them,
 * columns at which something begins, from tokens alone: a text that is too deep for a parser must not reach one.
 */
export function tooDeepAt(text: string): number | undefined {
  const columns: number[] = [];
  let brackets = 0;
  let offset = 0;
  let column = 0;
  let begins = true;
  for (const token of new Lexer().lex(text)) {
    if (MARKS.has(token)) continue;
    const blank = token.trim() === '';
    if (OPENING.has(token)) brackets++;
    else if (CLOSING.has(token)) brackets--;
    else if (begins && !blank && brackets === 0) openColumn(columns, column);
    if (columns.length + brackets > NESTING_MAX) return offset;
    const newline = token.lastIndexOf('\n');
    if (newline >= 0) begins = true;
    else if (!blank) begins = INDICATORS.has(token);
    column = newline < 0 ? column + token.length : token.length - newline - 1;
    offset += token.length;
  }
  return undefined;
}

/** Closes what stands further right and opens the column, if it is not open yet. */
function openColumn(columns: number[], column: number): void {
  while ((columns.at(-1) ?? -1) > column) columns.pop();
  if (columns.at(-1) !== column) columns.push(column);
}
