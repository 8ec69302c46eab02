// OpenAI's chat completions, as https://platform.openai.com/docs/api-reference/chat describes them.
import { randomUUID } from 'node:crypto';
import { textOf } from './content.ts';
import { openaiRefusal } from './refusal.ts';
import { event, type Reply } from './reply.ts';
import { type ChatRequest, chatRequest, readRequest } from './schema.ts';
import { countTokens, type Plan, planAnswer, type Prompt, type Turn } from './script.ts';

/** Answers the body of `POST /v1/chat/completions`. */
export function answerChat(body: unknown): Reply {
  const read = readRequest(chatRequest, body);
  if (!read.ok) return openaiRefusal(read.refusal);
  const request = read.value;
  const plan = planAnswer({
    model: request.model,
    turns: request.messages.map(toTurn),
    tools: (request.tools ?? []).flatMap(({ function: tool }) =>
      tool ? [{ name: tool.name, schema: tool.parameters }] : [],
    ),
    choice: toChoice(request.tool_choice ?? 'auto'),
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? Infinity,
    stops: [request.stop ?? []].flat(),
  });
  if (request.stream === true) return { kind: 'events', events: chunks(request, plan) };
  return { kind: 'json', status: 200, body: completion(request, plan) };
}

function toTurn({ role, content }: ChatRequest['messages'][number]): Turn {
  return { by: role === 'developer' ? 'system' : role, text: textOf(content) };
}

function toChoice(choice: NonNullable<ChatRequest['tool_choice']>): Prompt['choice'] {
  return typeof choice === 'string' ? choice : (choice.function ?? 'auto');
}

function finishReason(plan: Plan): string {
  if (plan.kind === 'call') return 'tool_calls';
  return plan.finish === 'length' ? 'length' : 'stop';
}

function usageOf({ messages, tools }: ChatRequest, plan: Plan): object {
  const prompt_tokens = countTokens([messages, tools ?? []]);
  const completion_tokens = plan.pieces.length;
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function head(model: string, object: string): object {
  const created = Math.floor(Date.now() / 1000);
  return {
    id: `chatcmpl-${randomUUID()}`,
    object,
    created,
    model,
    service_tier: 'default',
    system_fingerprint: 'demo',
  };
}

function completion(request: ChatRequest, plan: Plan): object {
  const text = plan.pieces.join('');
  const content = plan.kind === 'text' ? { content: text } : { content: null, tool_calls: [toolCall(plan.tool, text)] };
  const message = { role: 'assistant', ...content, refusal: null, annotations: [] };
  return {
    ...head(request.model, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(plan) }],
    usage: usageOf(request, plan),
  };
}

function toolCall(name: string, args: string): object {
  return { id: `call_${randomUUID()}`, type: 'function', function: { name, arguments: args } };
}

function* chunks(request: ChatRequest, plan: Plan): Generator<string> {
  const asksUsage = request.stream_options?.include_usage === true;
  const common = head(request.model, 'chat.completion.chunk');
  const chunk = (delta: object, finish_reason: string | null): string =>
    event({
      ...common,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      ...(asksUsage ? { usage: null } : {}),
    });
  if (plan.kind === 'text') {
    yield chunk({ role: 'assistant', content: '', refusal: null }, null);
    for (const content of plan.pieces) yield chunk({ content }, null);
  } else {
    yield chunk({ role: 'assistant', content: null, tool_calls: [{ index: 0, ...toolCall(plan.tool, '') }] }, null);
    for (const piece of plan.pieces) yield chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }, null);
  }
  yield chunk({}, finishReason(plan));
  if (asksUsage) yield event({ ...common, choices: [], usage: usageOf(request, plan) });
  yield 'data: [DONE]\n\n';
}
