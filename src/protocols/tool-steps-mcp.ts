// The tool that a model asked for, as an MCP client names it; and what a server's answer says, to be told from another.
import { type Fields, isFields } from './fields.ts';
import { canonicalJson } from '../core/digest.ts';
import type { NamedPlace } from '../core/tool-traffic.ts';
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

const NAME = /^[A-Za-z0-9_.:@+-]{1,128}$/;
const TRACE_ID = /^[0-9a-f]{2}-([0-9a-f]{32})-/;

/** Where the client says that the call belongs: Codex names session and thread; others have the trace that it is part of. */
export function namedPlaceOf(meta: Fields): NamedPlace | undefined {
  const { sessionId, threadId, traceparent } = meta;
  if (isName(sessionId))
    return { session: sessionId, agent: isName(threadId) && threadId !== sessionId ? threadId : undefined };
  const trace = typeof traceparent === 'string' ? TRACE_ID.exec(traceparent)?.[1] : undefined;
  return trace === undefined ? undefined : { session: trace, agent: undefined };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value);
}

/** What an answer says but for its id and its `_meta`, which differ in each: its result or its error, as one text. */
export function answerText(answer: Buffer | string): string {
  const message = parseObject(typeof answer === 'string' ? answer : answer.toString('latin1'));
  const { result, error } = message ?? {};
  if (!isFields(result)) return `error ${canonicalJson(error) ?? ''}`;
  const { _meta, ...said } = result;
  return canonicalJson(said) ?? '';
}
