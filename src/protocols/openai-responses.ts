// OpenAI's responses: `POST /responses`.
import { estimateOf } from './estimate.ts';
import { invalid, knownKeys, readCount, readFields, readFlag, refuseVariants } from './fields.ts';
import { openaiLimitHeaders } from './limit-headers.ts';
import { modelReading, writeModel } from './model-request.ts';
import { narrowModels } from './narrow.ts';
import { openaiError } from './openai-error.ts';
import { isForCodex, responseFailed, responsesStatus, responsesStreamError } from './openai-responses-error.ts';
import { responsesUsage } from './openai-responses-usage.ts';
import { toolNames } from './parameters.ts';
import type { Protocol } from './protocol.ts';
import { responsesToolResults } from './tool-steps-responses.ts';

/** Fields that Waygate or a policy acts on. */
const KNOWN = knownKeys(`
  model input instructions stream stream_options background max_output_tokens max_tool_calls tools tool_choice
  parallel_tool_calls previous_response_id conversation prompt temperature top_p reasoning text service_tier store
  metadata user include truncation prompt_cache_key safety_identifier context_management
`);

export const openaiResponses: Protocol = {
  dialect: 'openai-responses',

  read(request, _, body) {
    const fields = readFields(request, body);
    refuseVariants(fields, KNOWN);
    if (readFlag(fields, 'background')) {
      throw invalid('expected `background` to be false: what a response uses in the background cannot be metered here');
    }
    const { input, instructions, tools, ...parameters } = fields;
    return modelReading(fields, {
      action: 'model.generate',
      toolResults: responsesToolResults(input),
      args: { ...parameters, tools: toolNames(tools) },
      estimate: estimateOf(body.length, [input, instructions], {
        output: readCount(fields, 'max_output_tokens'),
        choices: 1,
      }),
    });
  },

  write: (body, reading, { model }) => writeModel(body, reading, model),
  withTrace: (call) => call.body,
  narrow: narrowModels,
  usage: responsesUsage,
  hideUsage: (data) => data,

  error(error, context) {
    if (context.stream && isForCodex(error, context)) return responseFailed(error, context);
    return openaiError(error, context, responsesStatus(error, context));
  },

  streamError: responsesStreamError,
  limitHeaders: openaiLimitHeaders,
};
