// OpenAI's chat completions: `POST /chat/completions`.
// INVARIANT: a stream goes up asking for usage, and comes back without it where the client did not ask.
import { estimateOf } from './estimate.ts';
import { knownKeys, readCount, readFields, refuseVariants } from './fields.ts';
import { modelReading } from './model-request.ts';
import { chatUsage } from './openai-chat-usage.ts';
import { asksForUsage, withoutUsage, writeStreamed } from './openai-stream-options.ts';
import { OPENAI_WIRE } from './openai-wire.ts';
import { toolNames } from './parameters.ts';
import type { Protocol } from './protocol.ts';
import { chatToolResults } from './tool-steps-chat.ts';

/** Fields that Waygate or a policy acts on. */
const KNOWN = knownKeys(`
  model messages stream stream_options n max_tokens max_completion_tokens tools tool_choice functions
  function_call parallel_tool_calls temperature top_p stop seed response_format reasoning_effort service_tier
  store metadata user modalities audio prediction web_search_options logprobs prompt_cache_key verbosity
`);
const CHOICES_MAX = 128;

export const openaiChat: Protocol = {
  ...OPENAI_WIRE,
  dialect: 'openai-chat',

  read(request, _, body) {
    const fields = readFields(request, body);
    refuseVariants(fields, KNOWN);
    const { messages, tools, functions, prediction, ...parameters } = fields;
    asksForUsage(fields['stream_options']);
    // Upstreams differ in which of the two they heed.
    const output = Math.max(readCount(fields, 'max_tokens') ?? 0, readCount(fields, 'max_completion_tokens') ?? 0);
    return modelReading(fields, {
      action: 'model.generate',
      toolResults: chatToolResults(messages),
      args: { ...parameters, tools: [...toolNames(tools), ...toolNames(functions)] },
      estimate: estimateOf(body.length, [messages, prediction], {
        output: output || undefined,
        choices: readCount(fields, 'n', CHOICES_MAX) ?? 1,
      }),
    });
  },

  write: writeStreamed,
  usage: chatUsage,
  hideUsage: withoutUsage,
};
