// Tools in Anthropic's messages: `tool_use` blocks of answers, `tool_result` blocks of the next request. What the provider
// runs by itself (`server_tool_use`) is its own.
import type { ToolResult } from '../core/tool-traffic.ts';
import { type Fields, isFields } from './fields.ts';
import { addInput, addUse, beginUse, decoded, type Told, type ToolUseList, toolResults } from './tool-steps.ts';

/** Results behind the model's last answer that asked for tools. */
export function anthropicToolResults(messages: unknown): readonly ToolResult[] {
  if (!Array.isArray(messages)) return [];
  const all = messages as readonly unknown[];
  // An answer begun for the model (a prefill) stands behind the results.
  let end = all.length;
  while (end > 0 && isOf(all[end - 1], 'assistant') && blocksOf(all[end - 1], 'tool_use').length === 0) end--;
  let from = end;
  while (from > 0 && !isOf(all[from - 1], 'assistant')) from--;
  const results = all.slice(from, end).flatMap((message) => blocksOf(message, 'tool_result'));
  if (results.length === 0) return [];
  const uses = new Map<unknown, Fields>();
  for (let index = from - 1; index >= 0 && isOf(all[index], 'assistant'); index--) {
    for (const use of blocksOf(all[index], 'tool_use')) uses.set(use['id'], use);
  }
  return toolResults(
    results.map((result) => told(result, uses.get(result['tool_use_id']))),
    from,
  );
}

function told(result: Fields, use: Fields | undefined): Told {
  const id = result['tool_use_id'];
  const name = use?.['name'];
  return {
    id: typeof id === 'string' ? id : '',
    name: typeof name === 'string' ? name : '',
    input: use?.['input'],
    content: result['content'],
    isError: result['is_error'] === true,
  };
}

function isOf(message: unknown, role: string): boolean {
  return isFields(message) && message['role'] === role;
}

function blocksOf(message: unknown, type: string): readonly Fields[] {
  const content = isFields(message) ? message['content'] : undefined;
  if (!Array.isArray(content)) return [];
  return (content as readonly unknown[]).filter(isFields).filter((block) => block['type'] === type);
}

/** The uses of a whole answer, which was read from `text` with one character per byte. */
export function readAnthropicUses(list: ToolUseList, message: Fields, text: string): void {
  if (blocksOf(message, 'tool_use').length === 0) return;
  for (const [index, use] of blocksOf(decoded(message, text), 'tool_use').entries()) {
    addUse(list, String(index), { id: use['id'], name: use['name'], input: use['input'] });
  }
}

/** What one event says of a use. */
export function readAnthropicUseEvent(list: ToolUseList, event: Fields, text: string): void {
  const { index, type } = event;
  const part = event[type === 'content_block_start' ? 'content_block' : 'delta'];
  if (!isFields(part)) return;
  const place = String(index);
  if (part['type'] === 'tool_use') {
    const { content_block: use } = decoded(event, text);
    if (!isFields(use)) return;
    const isTold = isFields(use['input']) && Object.keys(use['input']).length > 0;
    if (isTold) addUse(list, place, { id: use['id'], name: use['name'], input: use['input'] });
    else beginUse(list, place, { id: use['id'], name: use['name'] });
  } else if (part['type'] === 'input_json_delta') {
    const { delta } = decoded(event, text);
    if (isFields(delta)) addInput(list, place, delta['partial_json']);
  }
}
