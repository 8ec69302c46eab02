// The part of YAML that is JSON with comments: what else YAML has would read differently to other readers of the file.
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
import type { Fault } from './faults.ts';
import { NESTING_MAX, tooDeepAt } from './nesting.ts';
import { keyOf, type Node, offsetOf } from './place.ts';

/** A file as it was read. */
export interface SourceFile {
  /** As it is to be named in problems. */
  readonly path: string;
  readonly text: string;
}

/** A file that is well-formed, whatever it says. */
export interface YamlSource {
  /** As JSON would have it. */
  readonly value: unknown;
  /** The fault in its place; where its value is missing, at the last key or item on the way to it. */
  readonly problem: (fault: Fault) => Problem;
}

interface Reading {
  readonly text: string;
  readonly complain: (offset: number, message: string) => void;
}

const BYTES_MAX = 256 * 1024;

/** What to say of the parser's errors, whose own words may repeat the text. */
const FORM: Partial<Record<YAMLParseError['code'], string>> = {
  DUPLICATE_KEY: 'this name occurs twice in its map',
  MISSING_CHAR: 'a closing quote, bracket or comma is missing here',
  BAD_INDENT: 'this line is indented wrongly, or a bracket before it is not closed',
  TAB_AS_INDENT: 'tabs cannot indent; use spaces',
  BLOCK_AS_IMPLICIT_KEY: 'a map cannot begin here; a text with `: ` in it needs quotes',
  BAD_SCALAR_START: 'a text that begins with this character needs quotes',
  MULTIPLE_DOCS: 'a second document begins here, expected one in a file',
};

/** Reads the text, or says all that is wrong with its form: no anchor, alias, tag, merge key or directive, no key twice. */
export function readYaml({ path: file, text }: SourceFile): Checked<YamlSource> {
  const lines = new LineCounter();
  const place = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, message };
  };
  lines.addNewLine(0);
  const bytes = Buffer.byteLength(text);
  if (bytes > BYTES_MAX)
    return { ok: false, problems: [place(0, `the file has ${bytes} bytes, expected at most ${BYTES_MAX}`)] };
  for (const { index } of text.matchAll(/\n/g)) lines.addNewLine(index + 1);
  const deep = tooDeepAt(text);
  if (deep !== undefined)
    return { ok: false, problems: [place(deep, `lists and maps are nested more than ${NESTING_MAX} deep`)] };

  const problems: Problem[] = [];
  const complain: Reading['complain'] = (offset, message) => void problems.push(place(offset, message));
  const directive = /^%/m.exec(text);
  if (directive) complain(directive.index, 'directives are not supported');
  const document = parseDocument(text, { prettyErrors: false });
  for (const { code, pos } of document.errors) complain(pos[0], FORM[code] ?? 'this is not well-formed YAML');
  const contents: Node = document.contents;
  const value = toValue(contents, { text, complain });
  if (problems.length > 0) return { ok: false, problems: problems.sort(byPlace) };
  return { ok: true, value: { value, problem: (fault) => place(offsetOf(fault, contents, text), fault.message) } };
}

function toValue(node: Node, reading: Reading): unknown {
  if (!node) return null;
  const { complain } = reading;
  const [start] = node.range;
  if (isAlias(node)) {
    complain(start, 'aliases are not supported, write the value out');
    return undefined;
  }
  refuseMarks(node, reading);
  if (isSeq(node)) return node.items.map((item) => toValue(item, reading));
  if (isMap(node)) return Object.fromEntries(node.items.map((pair) => toEntry(pair, reading)));
  const { value } = node;
  const exact = typeof value !== 'number' || Number.isSafeInteger(value) || (Number.isFinite(value) && value % 1 !== 0);
  if (!exact) complain(start, 'JSON cannot hold this number exactly; if it is meant as a text, put quotes around it');
  return value;
}

/** Anchors and tags, which stand before their node. */
function refuseMarks({ anchor, tag, range: [start] }: ParsedNode, { text, complain }: Reading): void {
  if (anchor) complain(text.lastIndexOf('&', start), 'anchors are not supported');
  if (tag)
    complain(text.lastIndexOf('!', start), 'tags are not supported; a text that begins with `!` must stand in quotes');
}

function toEntry({ key, value }: Pair<ParsedNode, Node>, reading: Reading): [string, unknown] {
  const { complain } = reading;
  const name = keyOf(key);
  if (name === undefined) complain(key.range[0], 'the names in a map must be texts; put quotes around this one');
  if (name === '<<') complain(key.range[0], 'merge keys are not supported, write the fields out');
  refuseMarks(key, reading);
  return [String(name), toValue(value, reading)];
}
