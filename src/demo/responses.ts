// OpenAI's responses, as https://platform.openai.com/docs/api-reference/responses describes them.
import { textOf } from './content.ts';
import { openaiRefusal } from './refusal.ts';
import type { Reply } from './reply.ts';
import { endResponse, openResponse, outputItem } from './response-object.ts';
import { responseEvents } from './response-events.ts';
import { readRequest, type ResponsesRequest, responsesRequest } from './schema.ts';
import { planAnswer, type Prompt, type Turn } from './script.ts';

/** Answers the body of `POST /v1/responses`. */
export function answerResponses(body: unknown): Reply {
  const read = readRequest(responsesRequest, body);
  if (!read.ok) return openaiRefusal(read.refusal);
  const request = read.value;
  const plan = planAnswer({
    model: request.model,
    turns: toTurns(request.input),
    tools: (request.tools ?? []).flatMap(({ type, name, parameters: schema }) =>
      type === 'function' && name !== undefined ? [{ name, schema }] : [],
    ),
    choice: toChoice(request.tool_choice ?? 'auto'),
    maxTokens: request.max_output_tokens ?? Infinity,
    stops: [],
  });
  const open = openResponse(request);
  const item = outputItem(plan);
  const end = endResponse(open, { request, plan, item });
  if (request.stream === true) return { kind: 'events', events: responseEvents(plan, { open, item, end }) };
  return { kind: 'json', status: 200, body: end };
}

function toTurns(input: ResponsesRequest['input']): Turn[] {
  if (typeof input === 'string') return [{ by: 'user', text: input }];
  return input.map(({ type, role, content, output }) => {
    if (type === 'function_call_output') return { by: 'tool', text: textOf(output) };
    if (type === 'function_call' || role === 'assistant') return { by: 'assistant', text: textOf(content) };
    return { by: role === 'user' ? 'user' : 'system', text: textOf(content) };
  });
}

function toChoice(choice: NonNullable<ResponsesRequest['tool_choice']>): Prompt['choice'] {
  if (typeof choice === 'string') return choice;
  return choice.name === undefined ? 'auto' : { name: choice.name };
}
