// Anthropic's messages, as https://docs.anthropic.com/en/api/messages describes them.
import { randomUUID } from 'node:crypto';
import { textOf } from './content.ts';
import { anthropicRefusal } from './refusal.ts';
import { event, type Reply } from './reply.ts';
import { type CountRequest, countRequest, type MessagesRequest, messagesRequest, readRequest } from './schema.ts';
import { countTokens, type Plan, planAnswer, type Prompt, type Turn } from './script.ts';

/** Answers the body of `POST /v1/messages`. */
export function answerMessages(body: unknown): Reply {
  const read = readRequest(messagesRequest, body);
  if (!read.ok) return anthropicRefusal(read.refusal);
  const request = read.value;
  const plan = planAnswer({
    model: request.model,
    turns: request.messages.flatMap(toTurns),
    tools: (request.tools ?? []).map(({ name, input_schema: schema }) => ({ name, schema })),
    choice: toChoice(request.tool_choice ?? { type: 'auto' }),
    maxTokens: request.max_tokens,
    stops: request.stop_sequences ?? [],
  });
  if (request.stream === true) return { kind: 'events', events: streamEvents(request, plan) };
  return { kind: 'json', status: 200, body: message(request, plan) };
}

/** Answers the body of `POST /v1/messages/count_tokens`. */
export function answerCount(body: unknown): Reply {
  const read = readRequest(countRequest, body);
  if (!read.ok) return anthropicRefusal(read.refusal);
  return { kind: 'json', status: 200, body: { input_tokens: inputTokens(read.value) } };
}

function inputTokens({ messages, system, tools }: CountRequest): number {
  return countTokens([system ?? '', messages, tools ?? []]);
}

function toTurns({ role, content }: CountRequest['messages'][number]): Turn[] {
  if (typeof content === 'string' || role !== 'user') return [{ by: role, text: textOf(content) }];
  return content.flatMap((block): Turn[] => {
    if (block.type === 'tool_result') return [{ by: 'tool', text: textOf(block.content) }];
    return block.text === undefined ? [] : [{ by: 'user', text: block.text }];
  });
}

const CHOICE = { auto: 'auto', any: 'required', none: 'none' } as const;

function toChoice({ type, name }: NonNullable<CountRequest['tool_choice']>): Prompt['choice'] {
  return type === 'tool' ? { name: name ?? '' } : CHOICE[type];
}

function ending(plan: Plan): { readonly stop_reason: string; readonly stop_sequence: string | null } {
  if (plan.kind === 'call') return { stop_reason: 'tool_use', stop_sequence: null };
  if (typeof plan.finish === 'object') return { stop_reason: 'stop_sequence', stop_sequence: plan.finish.stop };
  return { stop_reason: plan.finish === 'length' ? 'max_tokens' : 'end_turn', stop_sequence: null };
}

function usageOf(request: MessagesRequest, output_tokens: number): object {
  return {
    input_tokens: inputTokens(request),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens,
    service_tier: 'standard',
  };
}

function message(request: MessagesRequest, plan: Plan): object {
  const text = plan.pieces.join('');
  return {
    ...empty(request),
    content: [plan.kind === 'text' ? { type: 'text', text } : toolUse(plan.tool, JSON.parse(text))],
    ...ending(plan),
    usage: usageOf(request, plan.pieces.length),
  };
}

function empty(request: MessagesRequest): object {
  const id = `msg_${randomUUID()}`;
  const common = { id, type: 'message', role: 'assistant', model: request.model, content: [] };
  return { ...common, stop_reason: null, stop_sequence: null, usage: usageOf(request, 0) };
}

function toolUse(name: string, input: unknown): object {
  return { type: 'tool_use', id: `toolu_${randomUUID()}`, name, input };
}

function* streamEvents(request: MessagesRequest, plan: Plan): Generator<string> {
  const send = (type: string, fields: object): string => event({ type, ...fields }, type);
  const content_block = plan.kind === 'text' ? { type: 'text', text: '' } : toolUse(plan.tool, {});
  yield send('message_start', { message: empty(request) });
  yield send('content_block_start', { index: 0, content_block });
  yield send('ping', {});
  for (const piece of plan.pieces) {
    const delta =
      plan.kind === 'text' ? { type: 'text_delta', text: piece } : { type: 'input_json_delta', partial_json: piece };
    yield send('content_block_delta', { index: 0, delta });
  }
  yield send('content_block_stop', { index: 0 });
  yield send('message_delta', { delta: ending(plan), usage: { output_tokens: plan.pieces.length } });
  yield send('message_stop', {});
}
