// The tool that a model asked for, as an MCP client names it; and what a server's answer says, to be told from another.
import { type Fields, isFields } from './fields.ts';
import { canonicalJson } from '../core/digest.ts';
import { parseObject } from './usage-count.ts';

/** Where clients put the id of the use that they carry out: Claude Code, Codex. */
const ID_KEYS = ['claudecode/toolUseId', 'callId'] as const;
const ID_MAX = 256;

/** The id that the model's answer gave to this call; undefined where the client does not say. */
export function toolUseIdOf(meta: Fields): string | undefined {
  for (const key of ID_KEYS) {
    const id = meta[key];
    if (typeof id === 'string' && id !== '' && id.length <= ID_MAX) return id;
  }
  return undefined;
}

/** What an answer says but for its id and its `_meta`, which differ in each: its result or its error, as one text. */
export function answerText(answer: Buffer | string): string {
  const message = parseObject(typeof answer === 'string' ? answer : answer.toString('latin1'));
  const { result, error } = message ?? {};
  if (!isFields(result)) return `error ${canonicalJson(error) ?? ''}`;
  const { _meta, ...said } = result;
  return canonicalJson(said) ?? '';
}
