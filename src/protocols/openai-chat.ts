// OpenAI's chat completions: `POST /chat/completions`.
// INVARIANT: a stream goes up asking for usage, and comes back without it where the client did not ask.
import type { Splice } from '../core/call.ts';
import { isFinalRefusal } from './agent-cli.ts';
import { estimateOf } from './estimate.ts';
import { knownKeys, readCount, readFields, refuseVariants } from './fields.ts';
import { type Edit, outline, splice } from './json-outline.ts';
import { openaiLimitHeaders } from './limit-headers.ts';
import { aliasEdit, modelReading } from './model-request.ts';
import { narrowModels } from './narrow.ts';
import { chatUsage } from './openai-chat-usage.ts';
import { openaiError, openaiStreamError } from './openai-error.ts';
import { asksForUsage, includeUsageEdit, withoutUsage } from './openai-stream-options.ts';
import { toolNames } from './parameters.ts';
import type { Outgoing, Protocol } from './protocol.ts';

/** Fields that Waygate or a policy acts on. */
const KNOWN = knownKeys(`
  model messages stream stream_options n max_tokens max_completion_tokens tools tool_choice functions
  function_call parallel_tool_calls temperature top_p stop seed response_format reasoning_effort service_tier
  store metadata user modalities audio prediction web_search_options logprobs prompt_cache_key verbosity
`);
const CHOICES_MAX = 128;

export const openaiChat: Protocol = {
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
      args: { ...parameters, tools: [...toolNames(tools), ...toolNames(functions)] },
      estimate: estimateOf(body.length, [messages, prediction], {
        output: output || undefined,
        choices: readCount(fields, 'n', CHOICES_MAX) ?? 1,
      }),
    });
  },

  write(body, reading, { model, meter }) {
    const hideUsage = meter && reading.stream && !asksForUsage(reading.args['stream_options']);
    const renamed = model !== reading.resource.name;
    if (!hideUsage && !renamed) return { body, splices: [], hideUsage };
    return writeChat(body, { model: renamed ? model : undefined, hideUsage });
  },

  withTrace: (call) => call.body,
  narrow: narrowModels,
  usage: chatUsage,
  hideUsage: withoutUsage,

  error(error, context) {
    return openaiError(error, context, isFinalRefusal(error, context.headers) ? 403 : error.status);
  },

  streamError: openaiStreamError,
  limitHeaders: openaiLimitHeaders,
};

function writeChat(
  body: Buffer,
  change: { readonly model: string | undefined; readonly hideUsage: boolean },
): Outgoing {
  const text = body.toString('latin1');
  const open = text.indexOf('{');
  const parts = outline(text, open);
  const edits: Edit[] = [];
  const splices: Splice[] = [];
  if (change.model !== undefined) {
    edits.push(aliasEdit(parts, change.model));
    splices.push('model-alias');
  }
  if (change.hideUsage) {
    edits.push(includeUsageEdit(text, open, parts));
    splices.push('include-usage');
  }
  return { body: splice(body, edits), splices, hideUsage: change.hideUsage };
}
