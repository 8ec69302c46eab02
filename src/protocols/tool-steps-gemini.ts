// Tools in Gemini's content: parts `functionCall` of answers, parts `functionResponse` in the next request. Their ids are rare.
import type { ToolResult } from '../core/tool-traffic.ts';
import { type Fields, isFields } from './fields.ts';
import { usualNames } from './gemini-fields.ts';
import { addUse, decoded, type Told, type ToolUseList, toolResults } from './tool-steps.ts';

/** Results behind the model's last answer that asked for tools. */
export function geminiToolResults(contents: unknown): readonly ToolResult[] {
  const all = Array.isArray(contents) ? (contents as readonly unknown[]) : [contents];
  let end = all.length;
  while (end > 0 && isAnswer(all[end - 1]) && partsOf(all[end - 1], 'functionCall').length === 0) end--;
  let from = end;
  while (from > 0 && !isAnswer(all[from - 1])) from--;
  const results = all.slice(from, end).flatMap((content) => partsOf(content, 'functionResponse'));
  if (results.length === 0) return [];
  const calls: Fields[] = [];
  for (let index = from - 1; index >= 0 && isAnswer(all[index]); index--) {
    calls.unshift(...partsOf(all[index], 'functionCall'));
  }
  return toolResults(
    results.map((result) => told(result, takeCall(calls, result))),
    from,
  );
}

function told(result: Fields, call: Fields | undefined): Told {
  const { id, name, response } = result;
  return {
    id: typeof id === 'string' ? id : '',
    name: typeof name === 'string' ? name : '',
    input: call?.['args'],
    content: response,
    isError: isFields(response) && 'error' in response,
  };
}

/** The call that a result answers: by its id, else the first of its name that no result has answered. */
function takeCall(calls: Fields[], { id, name }: Fields): Fields | undefined {
  const index = calls.findIndex((call) => (id === undefined ? call['name'] === name : call['id'] === id));
  return index < 0 ? undefined : calls.splice(index, 1)[0];
}

function isAnswer(content: unknown): boolean {
  return isFields(content) && content['role'] === 'model';
}

function partsOf(content: unknown, kind: 'functionCall' | 'functionResponse'): readonly Fields[] {
  const parts = isFields(content) ? content['parts'] : undefined;
  if (!Array.isArray(parts)) return isFields(parts) ? partsOf({ parts: [parts] }, kind) : [];
  return (parts as readonly unknown[]).flatMap((part) => {
    const value = isFields(part) ? usualNames(part)[kind] : undefined;
    return isFields(value) ? [value] : [];
  });
}

/** The uses in the chunks that `text` says, all of them or the one, with one character per byte. */
export function readGeminiUses(list: ToolUseList, chunks: readonly Fields[], text: string): void {
  if (!chunks.some((chunk) => callsIn(chunk).length > 0)) return;
  for (const call of chunksOf(chunks, text).flatMap(callsIn)) {
    addUse(list, String(list.uses.length), { id: call['id'] ?? '', name: call['name'], input: call['args'] });
  }
}

function chunksOf(chunks: readonly Fields[], text: string): readonly Fields[] {
  const { told } = decoded({ told: chunks }, `{"told":${text}}`);
  return (Array.isArray(told) ? (told as readonly unknown[]) : [told]).filter(isFields);
}

function callsIn({ candidates }: Fields): readonly Fields[] {
  if (!Array.isArray(candidates)) return [];
  return (candidates as readonly unknown[]).flatMap((candidate) => {
    return isFields(candidate) ? partsOf(candidate['content'], 'functionCall') : [];
  });
}
