// Tools in OpenAI's chat completions: `tool_calls` of answers, messages of the role `tool` in the next request.
import type { ToolResult } from '../core/tool-traffic.ts';
import { type Fields, isFields } from './fields.ts';
import { addInput, beginUse, decoded, type Told, type ToolUseList, toolResults } from './tool-steps.ts';

/** Results behind the model's last answer that asked for tools. */
export function chatToolResults(messages: unknown): readonly ToolResult[] {
  if (!Array.isArray(messages)) return [];
  const all = messages as readonly unknown[];
  let end = all.length;
  while (end > 0 && isAnswer(all[end - 1]) && callsOf(all[end - 1]).length === 0) end--;
  let from = end;
  while (from > 0 && !isAnswer(all[from - 1])) from--;
  const results = all.slice(from, end).filter(isResult);
  if (results.length === 0) return [];
  const calls = new Map<unknown, Called>();
  for (let index = from - 1; index >= 0 && isAnswer(all[index]); index--) {
    for (const call of callsOf(all[index])) calls.set(call.id ?? call.name, call);
  }
  return toolResults(
    results.map((result) => told(result, calls)),
    from,
  );
}

function told(result: Fields, calls: ReadonlyMap<unknown, Called>): Told {
  const id = result['tool_call_id'];
  const call = calls.get(id ?? result['name']);
  return {
    id: typeof id === 'string' ? id : '',
    name: typeof call?.name === 'string' ? call.name : '',
    input: call?.input,
    content: result['content'],
    isError: false,
  };
}

function isAnswer(message: unknown): message is Fields {
  return isFields(message) && message['role'] === 'assistant';
}

function isResult(message: unknown): message is Fields {
  return isFields(message) && (message['role'] === 'tool' || message['role'] === 'function');
}

interface Called {
  readonly place: unknown;
  readonly id: unknown;
  readonly name: unknown;
  readonly input: unknown;
}

/** The calls in a message or in a piece of one: functions, tools with a free text, and the one function of older answers. */
function callsOf(message: unknown): readonly Called[] {
  if (!isFields(message)) return [];
  const { tool_calls: listed, function_call: single } = message;
  const calls = Array.isArray(listed) ? (listed as readonly unknown[]).filter(isFields).map(calledOf) : [];
  if (!isFields(single)) return calls;
  return [...calls, { place: 'function', id: undefined, name: single['name'], input: single['arguments'] }];
}

function calledOf(call: Fields, position: number): Called {
  const inner = [call['function'], call['custom']].find(isFields) ?? {};
  const input = inner['arguments'] ?? inner['input'];
  return { place: call['index'] ?? position, id: call['id'], name: inner['name'], input };
}

/** The uses in a whole answer (`message`) or in a chunk of one (`delta`), read from `text` with one character per byte. */
export function readChatUses(
  list: ToolUseList,
  answer: Fields,
  { content, text }: { readonly content: string; readonly text: string },
): void {
  if (!choicesOf(answer).some((choice) => callsOf(choice[content]).length > 0)) return;
  for (const [position, choice] of choicesOf(decoded(answer, text)).entries()) {
    const which = typeof choice['index'] === 'number' ? choice['index'] : position;
    for (const call of callsOf(choice[content])) {
      const place = `${which}:${String(call.place)}`;
      // The id and the name come with the first piece; some providers repeat them with each.
      const known = list.open.get(place);
      const isNew = call.name !== undefined && call.name !== null && call.name !== '' && !isSame(known, call);
      if (isNew) beginUse(list, place, { id: call.id ?? '', name: call.name });
      addInput(list, place, call.input);
    }
  }
}

function isSame(known: { readonly id: string; readonly name: string } | undefined, call: Called): boolean {
  return known !== undefined && known.name === call.name && (call.id ?? known.id) === known.id;
}

function choicesOf(answer: Fields): readonly Fields[] {
  const { choices } = answer;
  return Array.isArray(choices) ? (choices as readonly unknown[]).filter(isFields) : [];
}
