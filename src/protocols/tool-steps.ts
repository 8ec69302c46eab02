// What the dialects have in common where they tell of tools: what is kept of a use, and how a result is told from another.
// INVARIANT: what is kept of an answer is bounded, whatever it holds; a request that tells of more results is refused.
import { canonicalJson, digestOf, sha256 } from '../core/digest.ts';
import type { ToolAsk, ToolResult, ToolUse } from '../core/tool-traffic.ts';
import { type Fields, invalid, isFields } from './fields.ts';
import { parseObject, parseValue } from './usage-count.ts';

const ID_MAX = 256;
const NAME_MAX = 256;
/** Tools that one answer may ask for and be remembered by; models ask for a few dozen at most. */
const USES_MAX = 64;
/** Arguments of all uses of an answer, in characters; a file that a tool is to write is among them. */
const INPUT_MAX = 1_048_576;
/** Results that one turn may tell of. */
const RESULTS_MAX = 1_000;
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const NAME = /^[^\u0000-\u001f\u007f]+$/;
// eslint-disable-next-line no-control-regex -- whatever is beyond ASCII is what this is about
const ASCII = /^[\u0000-\u007f]*$/;

/** The uses of one answer as they are told, piece by piece. */
export interface ToolUseList {
  readonly uses: ToolUse[];
  /** The use that pieces of a place go to. */
  readonly open: Map<string, { -readonly [Member in keyof ToolUse]: ToolUse[Member] }>;
  kept: number;
}

export function newToolUses(): ToolUseList {
  return { uses: [], open: new Map(), kept: 0 };
}

/** Begins a use at a place of the answer. One without a fitting name, or past the bounds, is not kept. */
export function beginUse(
  list: ToolUseList,
  place: string,
  told: { readonly id: unknown; readonly name: unknown },
): void {
  const { id = '', name } = told;
  list.open.delete(place);
  if (list.uses.length >= USES_MAX || !isName(name) || !isShort(id, ID_MAX)) return;
  const use = { id, name, input: '' };
  list.uses.push(use);
  list.open.set(place, use);
}

/** Adds to the arguments of the use at a place; past the bounds they are forgotten. */
export function addInput(list: ToolUseList, place: string, piece: unknown): void {
  const use = list.open.get(place);
  if (use?.input === undefined || typeof piece !== 'string') return;
  list.kept += piece.length;
  use.input = list.kept > INPUT_MAX ? undefined : use.input + piece;
}

/** A use that is told at once, with its arguments as a text or as a value. */
export function addUse(
  list: ToolUseList,
  place: string,
  told: { readonly id: unknown; readonly name: unknown; readonly input: unknown },
): void {
  beginUse(list, place, told);
  addInput(list, place, typeof told.input === 'string' ? told.input : (canonicalJson(told.input ?? {}) ?? ''));
}

/** Without control characters: names are written into lines. */
function isName(value: unknown): value is string {
  return isShort(value, NAME_MAX) && NAME.test(value);
}

function isShort(value: unknown, max: number): value is string {
  return typeof value === 'string' && value.length <= max;
}

/** A value that was read from a text with one character per byte, as its UTF-8 says it. */
export function decoded(value: Fields, latin1: string): Fields {
  if (ASCII.test(latin1)) return value;
  return parseObject(Buffer.from(latin1, 'latin1').toString()) ?? value;
}

/** What a tool is called with: its own name, where a client calls it through another (Qwen's `tool_call`), and the arguments. */
export interface Invocation {
  readonly name: string;
  readonly args: Fields;
  readonly argsDigest: string;
}

/** `input` is the text that a model wrote, or the value that it was parsed to. */
export function invocation(name: string, input: unknown): Invocation {
  const args = typeof input === 'string' ? parseValue(input === '' ? '{}' : input) : (input ?? {});
  if (!isFields(args))
    return { name, args: {}, argsDigest: typeof input === 'string' ? sha256(input) : digestOf(args) };
  const inner = args['name'];
  if (name === 'tool_call' && isName(inner)) return invocation(inner, args['arguments']);
  return { name, args, argsDigest: digestOf(args) };
}

/** What an answer asks for, once it is whole. */
export function toolAsks(uses: readonly ToolUse[]): readonly ToolAsk[] {
  return uses.map(({ id, name, input }) => {
    if (input === undefined) return { id, name, argsDigest: '' };
    const { name: called, argsDigest } = invocation(name, input);
    return { id, name: called, argsDigest };
  });
}

/** What a request tells of one tool, as it stands there. */
export interface Told {
  /** Empty where the dialect gives none. */
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  /** A text, or blocks of content. */
  readonly content: unknown;
  readonly isError: boolean;
}

/** Results of a turn, which begins at that place of the conversation. Throws `request.invalid` where they are more than can be looked at. */
export function toolResults(told: readonly Told[], turn: number): readonly ToolResult[] {
  if (told.length > RESULTS_MAX) {
    throw invalid(
      `expected at most ${RESULTS_MAX} results of tools behind the model's last answer; send fewer at once`,
    );
  }
  return told.map(({ id, name, input, content, isError }, index) => {
    const called = isName(name) ? invocation(name, input) : NOT_TOLD;
    const resultDigest = sha256(`${isError ? '!' : '='}${contentText(content)}`);
    const made = (): string =>
      `~${sha256(`${turn} ${index} ${called.name} ${called.argsDigest} ${resultDigest}`).slice(0, 32)}`;
    return { ...called, id: id === '' || id.length > ID_MAX ? made() : id, resultDigest, isError };
  });
}

const NOT_TOLD: Invocation = { name: '', args: {}, argsDigest: '' };

/** A result as one text, the same whether it stands there by itself or in blocks; marks for a cache are no part of it. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return canonicalJson(content ?? '') ?? '';
  return (content as readonly unknown[]).map(blockText).join('\n');
}

function blockText(block: unknown): string {
  if (!isFields(block)) return canonicalJson(block) ?? '';
  const { cache_control: _, ...said } = block;
  return typeof said['text'] === 'string' && typeof said['type'] === 'string'
    ? said['text']
    : (canonicalJson(said) ?? '');
}
