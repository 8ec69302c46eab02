import {
  isAlias,
  isMap,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type ParsedNode,
  type YAMLParseError,
} from 'yaml';
import { byPlace, type Checked, type Problem } from '../core/problem.ts';
import { NESTING_MAX, tooDeepAt } from './nesting.ts';

/** A file as it was read. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Keys and indexes from the top of a file down to one value. */
export type Path = readonly PropertyKey[];

/** Something wrong with one value of a file. */
export interface Fault {
  readonly path: Path;
  readonly message: string;
  /** Character of the text value at which it is wrong; its beginning unless said. */
  readonly offset?: number;
  /** Whether the key is meant or, unless said, the value. */
  readonly of?: 'key';
}

/** A YAML file as plain JSON values, with the way back to their places in the text. */
export interface YamlSource {
  readonly value: unknown;
  /** The fault in its place; where its value is missing, in that of the nearest one above it. */
  readonly problem: (fault: Fault) => Problem;
}

type Node = ParsedNode | null;
type Complain = (offset: number, message: string) => void;

interface Reading {
  readonly text: string;
  readonly complain: Complain;
}

const BYTES_MAX = 256 * 1024;

/** What the parser's own message says for programmers. */
const MESSAGES: Partial<Record<YAMLParseError['code'], string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'a text with `: ` in it must stand in quotes',
  DUPLICATE_KEY: 'this key stands here twice',
  MULTIPLE_DOCS: 'a second document begins here, expected one in a file',
};

/** Reads the JSON subset of YAML 1.2: no anchor, alias, tag, merge key or directive, no key twice, size and depth bounded. */
export function readYaml({ path: file, text }: SourceFile): Checked<YamlSource> {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const place = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), message };
  };
  const complain: Complain = (offset, message) => void problems.push(place(offset, message));

  const bytes = Buffer.byteLength(text);
  if (bytes > BYTES_MAX) complain(0, `the file has ${bytes} bytes, expected at most ${BYTES_MAX}`);
  else complainOfShape(text, complain);
  if (problems.length > 0) return { ok: false, problems };

  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  for (const { code, message, pos } of document.errors) complain(pos[0], MESSAGES[code] ?? tidy(message));
  const contents: Node = document.contents;
  const value = problems.length > 0 ? undefined : toValue(contents, { text, complain });
  if (problems.length > 0) return { ok: false, problems: problems.sort(byPlace) };
  const problem = (fault: Fault): Problem => place(offsetOf(fault, contents, text), fault.message);
  return { ok: true, value: { value, problem } };
}

/** What must be known before a parser sees the text. */
function complainOfShape(text: string, complain: Complain): void {
  const deep = tooDeepAt(text);
  if (deep !== undefined) complain(deep, `more than ${NESTING_MAX} lists and maps in each other`);
  const directive = /^%/m.exec(text);
  if (directive) complain(directive.index, 'directives are not supported');
}

/** `Nested mappings are not allowed.` → `nested mappings are not allowed` */
function tidy(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, '');
}

function toValue(node: Node, reading: Reading): unknown {
  if (!node) return null;
  const { text, complain } = reading;
  const [start] = node.range;
  if (isAlias(node)) {
    complain(start, 'aliases are not supported, write the value out');
    return undefined;
  }
  // Both stand before their node.
  if (node.anchor) complain(text.lastIndexOf('&', start), 'anchors are not supported');
  if (node.tag)
    complain(text.lastIndexOf('!', start), 'tags are not supported; a text that begins with `!` must stand in quotes');
  if (isSeq(node)) return node.items.map((item) => toValue(item, reading));
  if (isMap(node)) return Object.fromEntries(node.items.map((pair) => toEntry(pair, reading)));
  const { value } = node;
  const exact = typeof value !== 'number' || Number.isSafeInteger(value) || (Number.isFinite(value) && value % 1 !== 0);
  if (!exact) complain(start, `\`${node.source}\` is not a number that JSON holds exactly`);
  return value;
}

function toEntry({ key, value }: Pair<ParsedNode, Node>, reading: Reading): [string, unknown] {
  const { complain } = reading;
  const name = keyOf(key);
  if (name === undefined) complain(key.range[0], 'expected a text as key');
  if (name === '<<') complain(key.range[0], 'merge keys are not supported, write the fields out');
  return [String(name), toValue(value, reading)];
}

function keyOf(key: ParsedNode): string | undefined {
  return 'value' in key && typeof key.value === 'string' ? key.value : undefined;
}

/** Where in the text a fault is. */
function offsetOf({ path, offset = 0, of }: Fault, root: Node, text: string): number {
  let node = root;
  let key: ParsedNode | undefined;
  for (const step of path) {
    const pair = isMap(node) ? node.items.find((item) => keyOf(item.key) === step) : undefined;
    const next = pair ? pair.value : isSeq(node) ? node.items[step as number] : undefined;
    if (!next) break;
    key = pair?.key;
    node = next;
  }
  if (!node) return 0;
  const start = (of === 'key' && key ? key : node).range[0];
  return 'value' in node && typeof node.value === 'string'
    ? start + lead(text.slice(start), node.value, offset)
    : start;
}

/**
 * How far into its source the character of a text value stands: quotes, escapes, indentation and folded lines make the
 * source longer than the value. Reads both side by side and steps over what only the source has.
 */
function lead(source: string, value: string, offset: number): number {
  if (offset === 0) return 0;
  let read = 0;
  for (let at = 0; at < source.length; at++) {
    const same = source[at] === value[read] || (source[at] === '\n' && value[read] === ' ');
    if (same && read === offset) return at;
    if (same) read++;
  }
  return 0;
}
