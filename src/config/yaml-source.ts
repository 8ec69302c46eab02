// A strict reading of YAML: the part of it that is JSON with comments, in bounded time, with a place for every value.
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml';
import { byPlace, type Checked, type Problem } from '../core/problem.ts';

/** A file as it was read. */
export interface SourceFile {
  /** As it is to be named in problems. */
  readonly path: string;
  readonly text: string;
}

/** Where something stands in a document: names of mappings and numbers of lists, from the top. */
export type Path = readonly PropertyKey[];

/** Something wrong with one value of a file, or with the key that leads to it. */
export interface Fault {
  readonly path: Path;
  readonly message: string;
  /** Whether the key is meant or, unless said, the value. */
  readonly of?: 'key';
}

/** A file that is well-formed, whatever it says. */
export interface YamlSource {
  readonly value: unknown;
  /** The fault in its place; where its value is missing, in that of the last key on the way to it. */
  readonly problem: (fault: Fault) => Problem;
}

const BYTES_MAX = 262_144;
const DEPTH_MAX = 32;

/** Reads the text, or says all that is wrong with its form. The text itself is never repeated: it may hold secrets. */
export function readYaml(file: SourceFile): Checked<YamlSource> {
  const place = (line: number, column: number, message: string): Problem => ({
    file: file.path,
    line,
    column,
    message,
  });
  const early = tooMuch(file.text);
  if (early !== undefined) return { ok: false, problems: [place(1, 1, early)] };
  const lines = new LineCounter();
  const document = parseDocument(file.text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return place(line, col, message);
  };
  const problems = [
    ...document.errors.map(({ code, pos }) => at(pos[0], FORM[code] ?? 'this is not well-formed YAML')),
    ...excesses(document).map(({ offset, message }) => at(offset, message)),
  ].sort(byPlace);
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    value: {
      value: document.toJS(),
      problem: (fault) => at(offsetOf(document, fault), fault.message),
    },
  };
}

// Before the parser: some texts make it slow or deep long before it can refuse them.
function tooMuch(text: string): string | undefined {
  if (text.length > BYTES_MAX) return `the file is larger than ${BYTES_MAX} bytes`;
  let open = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = Math.max(0, open + (bracket === '[' || bracket === '{' ? 1 : -1));
    if (open > DEPTH_MAX) return NESTED;
  }
  return undefined;
}

const NESTED = `lists and mappings are nested more than ${DEPTH_MAX} deep`;

/** What to say of the parser's errors, whose own words may repeat the text. */
const FORM: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this name occurs twice in its mapping',
  MISSING_CHAR: 'a closing quote, bracket or comma is missing here',
  BAD_INDENT: 'this line is indented wrongly, or a bracket before it is not closed',
  TAB_AS_INDENT: 'tabs cannot indent; use spaces',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping cannot begin here; a text with `: ` in it needs quotes',
  BAD_SCALAR_START: 'a text that begins with this character needs quotes',
  MULTIPLE_DOCS: 'the file holds a second document; only one is read',
  RESOURCE_EXHAUSTION: NESTED,
};

interface Excess {
  readonly offset: number;
  readonly message: string;
}

/** What YAML allows and JSON has no word for: it would read differently to other readers of the file. */
function excesses(document: Document): Excess[] {
  const found: Excess[] = [];
  const refuse = (node: unknown, message: string): void => void found.push({ offset: startOf(node), message });
  visit(document, {
    Pair(_, { key }) {
      if (!isScalar(key) || typeof key.value !== 'string')
        refuse(key, 'the names in a mapping must be texts; put quotes around this one');
    },
    Node(_, node, path) {
      const isAnchored = 'anchor' in node && node.anchor !== undefined;
      if (isAlias(node) || isAnchored) refuse(node, 'anchors and aliases are not read here; write the value out');
      else if (node.tag !== undefined) refuse(node, 'tags are not read here');
      else if (isCollection(node) && path.filter(isCollection).length >= DEPTH_MAX) refuse(node, NESTED);
      else return undefined;
      return visit.SKIP;
    },
  });
  return found;
}

function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

/** Where in the text a fault is. */
function offsetOf(document: Document, { path, of }: Fault): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const [index, step] of path.entries()) {
    if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = startOf(node);
      continue;
    }
    const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && key.value === step) : undefined;
    if (!pair) return offset;
    node = pair.value;
    const isMeant = index === path.length - 1 && of !== 'key' && isNode(node) && node.range;
    offset = startOf(isMeant ? node : pair.key);
  }
  return offset;
}
