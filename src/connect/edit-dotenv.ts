import { parseEnv } from 'node:util';
import { CannotEdit, isMap } from './merge.ts';

/** What a file of variables says. */
export function readDotenv(text: string): unknown {
  return { ...parseEnv(text) };
}

/** The text with these variables: a line for each, in its old place where it has one. */
export function editDotenv(text: string, content: unknown): string {
  if (!isMap(content)) throw new CannotEdit('it is no list of variables');
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const before = parseEnv(text);
  const changed = Object.entries(content).filter(([name, value]) => before[name] !== value);
  if (changed.some(([name]) => before[name]?.includes('\n'))) throw new CannotEdit('a value in it spans several lines');
  return changed.reduce((all, [name, value]) => put(all, { name, value: quoted(String(value)), eol }), text);
}

function put(
  text: string,
  { name, value, eol }: { readonly name: string; readonly value: string; readonly eol: string },
): string {
  const line = new RegExp(String.raw`^([ \t]*(?:export[ \t]+)?${name}[ \t]*=[ \t]*).*$`, 'm');
  if (line.test(text)) return text.replace(line, (_, head: string) => `${head}${value}`);
  const gap = text === '' || text.endsWith('\n') ? '' : eol;
  return `${text}${gap}${name}=${value}${eol}`;
}

function quoted(value: string): string {
  return /^[\w./:@-]*$/.test(value) ? value : `"${value}"`;
}
