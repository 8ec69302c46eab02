// Tools in OpenAI's responses: items `…_call` of answers, items `…_call_output` in the next request, by their `call_id`. What the
// provider runs by itself (`web_search_call`, `mcp_call`) has none.
import type { ToolResult } from '../core/tool-traffic.ts';
import { type Fields, isFields } from './fields.ts';
import { addUse, decoded, type Told, type ToolUseList, toolResults } from './tool-steps.ts';

const CALL = '_call';
const OUTPUT = '_call_output';
/** Where no answer's own item separates the turns, as many of the last calls and results are looked at. */
const ITEMS_MAX = 128;

/** Results behind the model's last answer; its calls may stand between them. */
export function responsesToolResults(input: unknown): readonly ToolResult[] {
  if (!Array.isArray(input)) return [];
  const outputs: Fields[] = [];
  const calls = new Map<unknown, Fields>();
  for (const item of (input as readonly unknown[]).toReversed()) {
    if (!isFields(item)) continue;
    if (endsWith(item, OUTPUT)) outputs.push(item);
    else if (isCall(item)) calls.set(item['call_id'], item);
    else if (outputs.length > 0 && isAnswer(item)) break;
    if (outputs.length + calls.size > ITEMS_MAX && calls.size > 0) break;
  }
  return toolResults(
    outputs.toReversed().map((output) => told(output, calls.get(output['call_id']))),
    input.length,
  );
}

function told(output: Fields, call: Fields | undefined): Told {
  const id = output['call_id'];
  return {
    id: typeof id === 'string' ? id : '',
    name: call ? nameOf(call) : '',
    input: call && inputOf(call),
    content: output['output'],
    isError: false,
  };
}

function isAnswer(item: Fields): boolean {
  return item['type'] === 'reasoning' || item['role'] === 'assistant';
}

function isCall(item: Fields): boolean {
  return endsWith(item, CALL) && typeof item['call_id'] === 'string';
}

function endsWith({ type }: Fields, ending: string): boolean {
  return typeof type === 'string' && type.endsWith(ending);
}

/** Of a function or a custom tool its name, of a provider's own tool that the client runs its type: `local_shell`. */
function nameOf(call: Fields): string {
  if (typeof call['name'] === 'string') return call['name'];
  return String(call['type']).slice(0, -CALL.length);
}

function inputOf(call: Fields): unknown {
  return call['arguments'] ?? call['input'] ?? call['action'] ?? call['operation'];
}

/** The uses of a whole response, or of the one in an event, read from `text` with one character per byte. */
export function readResponseUses(list: ToolUseList, told: Fields, text: string): void {
  if (callsIn(told).length === 0) return;
  for (const call of callsIn(decoded(told, text))) addCall(list, call);
}

/** The use that an event tells of, once its item is complete. */
export function readResponseUseEvent(list: ToolUseList, event: Fields, text: string): void {
  if (!isFields(event['item']) || !isCall(event['item'])) return;
  const { item } = decoded(event, text);
  if (isFields(item)) addCall(list, item);
}

function addCall(list: ToolUseList, call: Fields): void {
  const place = String(call['call_id']);
  if (list.open.has(place)) return;
  addUse(list, place, { id: call['call_id'], name: nameOf(call), input: inputOf(call) });
}

function callsIn(told: Fields): readonly Fields[] {
  const { output } = isFields(told['response']) ? told['response'] : told;
  return Array.isArray(output) ? (output as readonly unknown[]).filter(isFields).filter(isCall) : [];
}
