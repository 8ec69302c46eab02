import { randomUUID } from 'node:crypto';
import type { ResponsesRequest } from './schema.ts';
import { countTokens, type Plan } from './script.ts';

/** A response before anything was said, with every field that OpenAI sends. */
export type OpenResponse = Readonly<Record<string, unknown>>;

/** The one item of an output: a message or a function call. */
export type OutputItem =
  | {
      readonly type: 'message';
      readonly id: string;
      readonly status: 'completed' | 'incomplete';
      readonly role: 'assistant';
      readonly content: readonly [OutputText];
    }
  | {
      readonly type: 'function_call';
      readonly id: string;
      readonly status: 'completed';
      readonly call_id: string;
      readonly name: string;
      readonly arguments: string;
    };

export interface OutputText {
  readonly type: 'output_text';
  readonly text: string;
  readonly annotations: readonly [];
  readonly logprobs: readonly [];
}

export function openResponse(request: ResponsesRequest): OpenResponse {
  return {
    id: `resp_${randomUUID()}`,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: null,
    metadata: request['metadata'] ?? {},
    model: request.model,
    output: [],
    parallel_tool_calls: request['parallel_tool_calls'] ?? true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: false,
    temperature: request['temperature'] ?? 1,
    text: { format: { type: 'text' } },
    tool_choice: request.tool_choice ?? 'auto',
    tools: request.tools ?? [],
    top_p: request['top_p'] ?? 1,
    truncation: 'disabled',
    usage: null,
    user: null,
  };
}

export function outputItem(plan: Plan): OutputItem {
  const text = plan.pieces.join('');
  if (plan.kind === 'call') {
    const [id, call_id] = [`fc_${randomUUID()}`, `call_${randomUUID()}`];
    return { type: 'function_call', id, status: 'completed', call_id, name: plan.tool, arguments: text };
  }
  const status = isCut(plan) ? 'incomplete' : 'completed';
  return { type: 'message', id: `msg_${randomUUID()}`, status, role: 'assistant', content: [outputText(text)] };
}

export function outputText(text: string): OutputText {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

/** The response as it stands when all is said. */
export function endResponse(
  open: OpenResponse,
  said: { readonly request: ResponsesRequest; readonly plan: Plan; readonly item: OutputItem },
): OpenResponse {
  const cut = isCut(said.plan);
  return {
    ...open,
    status: cut ? 'incomplete' : 'completed',
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    output: [said.item],
    usage: usageOf(said.request, said.plan),
  };
}

function isCut(plan: Plan): boolean {
  return plan.kind === 'text' && plan.finish === 'length';
}

function usageOf({ instructions, input, tools }: ResponsesRequest, plan: Plan): object {
  const input_tokens = countTokens([instructions ?? '', input, tools ?? []]);
  const output_tokens = plan.pieces.length;
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input_tokens + output_tokens,
  };
}
