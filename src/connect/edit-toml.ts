// Puts settings into TOML line by line, which keeps every other line as it is.
// What a line says is read by the parser, never by a pattern; what cannot be edited so is told by the check of the result.
import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'smol-toml';
import { CannotEdit, isMap } from './merge.ts';

/** What a TOML text says. Throws `CannotEdit` where it cannot be read. */
export function readToml(text: string): unknown {
  try {
    return plain(parse(text));
  } catch {
    throw new CannotEdit('it is not TOML');
  }
}

// The parser's maps have no prototype, which a comparison would take for a difference.
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isMap(value) || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** The text with this content, of which what it says now is a part. */
export function editToml(text: string, content: unknown): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = tablesOf({ old: readToml(text), wanted: content }).reduce(putTable, linesOf(text));
  return lines.length === 0 ? '' : `${lines.join(eol)}${eol}`;
}

function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

interface Table {
  readonly path: readonly string[];
  /** Those of its values that change. */
  readonly values: Readonly<Record<string, unknown>>;
}

interface Change {
  readonly old: unknown;
  readonly wanted: unknown;
  readonly path?: readonly string[];
}

/** The tables in which something changes, outer ones first. */
function tablesOf({ old, wanted, path = [] }: Change): readonly Table[] {
  if (!isMap(wanted)) return [];
  const before = isMap(old) ? old : {};
  const changed = Object.entries(wanted).filter(([key, value]) => !isDeepStrictEqual(before[key], value));
  const values = Object.fromEntries(changed.filter(([, value]) => !isMap(value)));
  const inner = changed.flatMap(([key, value]) => tablesOf({ old: before[key], wanted: value, path: [...path, key] }));
  return [...(Object.keys(values).length > 0 ? [{ path, values }] : []), ...inner];
}

function putTable(lines: readonly string[], { path, values }: Table): readonly string[] {
  const header = path.length === 0 ? -1 : lines.findIndex((line) => isDeepStrictEqual(headerOf(line), path));
  if (path.length > 0 && header < 0) {
    const gap = lines.length > 0 && lines.at(-1) !== '' ? [''] : [];
    return [...lines, ...gap, ...linesOf(stringify(nested(path, values)))];
  }
  const length = lines.slice(header + 1).findIndex((line) => /^\s*\[/.test(line));
  const end = length < 0 ? lines.length : header + 1 + length;
  const body = Object.entries(values).reduce(putValue, lines.slice(header + 1, end));
  const isTight = header < 0 && end < lines.length && (keyOf(body.at(-1) ?? '') ?? '') in values;
  const gap = isTight ? [''] : [];
  return [...lines.slice(0, header + 1), ...body, ...gap, ...lines.slice(end)];
}

function putValue(body: readonly string[], [key, value]: [string, unknown]): readonly string[] {
  const line = stringify({ [key]: value }).trimEnd();
  const at = body.findIndex((one) => keyOf(one) === key);
  if (at >= 0) return body.with(at, `${line}${remarkOf(body[at] ?? '')}`);
  const last = body.findLastIndex((one) => one.trim() !== '' && !one.trim().startsWith('#'));
  return body.toSpliced(last + 1, 0, line);
}

/** The path of the table that a line opens. */
function headerOf(line: string): readonly string[] | undefined {
  const said = /^\s*\[/.test(line) ? parsed(line) : undefined;
  if (said === undefined) return undefined;
  const path: string[] = [];
  let inner: unknown = said;
  while (isMap(inner)) {
    const [key] = Object.keys(inner);
    if (key === undefined) return path;
    path.push(key);
    inner = inner[key];
  }
  return undefined;
}

/** The key that a line sets, where it is a simple one. */
function keyOf(line: string): string | undefined {
  const [entry] = Object.entries(parsed(line) ?? {});
  return entry && !isMap(entry[1]) ? entry[0] : undefined;
}

/** The remark that ends a line, with the space before it. */
function remarkOf(line: string): string {
  for (let at = line.indexOf('#'); at >= 0; at = line.indexOf('#', at + 1)) {
    const value = line.slice(0, at);
    if (isDeepStrictEqual(parsed(value), parsed(line))) return line.slice(value.trimEnd().length);
  }
  return '';
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return plain(parse(line)) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function nested(path: readonly string[], values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return path.reduceRight((inner, key) => ({ [key]: inner }), values);
}
