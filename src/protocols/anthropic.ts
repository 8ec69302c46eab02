// Anthropic's messages: `POST /messages`, `POST /messages/count_tokens`, `GET /models` and `GET /models/<name>`.
import type { RequestHead } from '../core/exchange.ts';
import { NO_ESTIMATE } from '../core/usage.ts';
import { anthropicError, anthropicStreamError } from './anthropic-error.ts';
import { anthropicUsage } from './anthropic-usage.ts';
import { estimateOf } from './estimate.ts';
import { knownKeys, readCount, readFields, refuseVariants } from './fields.ts';
import { anthropicLimitHeaders } from './limit-headers.ts';
import { modelListReading, modelReading, writeModel } from './model-request.ts';
import { narrowModels } from './narrow.ts';
import { toolNames } from './parameters.ts';
import type { Protocol, Reading } from './protocol.ts';

/** Fields that Waygate or a policy acts on. */
const KNOWN = knownKeys(`
  model messages system stream max_tokens tools tool_choice thinking output_config temperature top_p top_k
  stop_sequences service_tier metadata mcp_servers container context_management inference_geo speed
`);

export const anthropic: Protocol = {
  dialect: 'anthropic',

  read(request, path, body) {
    return request.method === 'GET' ? modelListReading(request, path, body) : readMessages(request, path, body);
  },

  write: (body, reading, { model }) => writeModel(body, reading, model),
  withTrace: (call) => call.body,
  narrow: narrowModels,
  usage: anthropicUsage,
  hideUsage: (data) => data,
  error: anthropicError,
  streamError: anthropicStreamError,
  limitHeaders: anthropicLimitHeaders,
};

function readMessages(request: RequestHead, path: string, body: Buffer): Reading {
  const fields = readFields(request, body);
  refuseVariants(fields, KNOWN);
  const { messages, system, tools, ...parameters } = fields;
  const output = readCount(fields, 'max_tokens');
  const counts = path === '/messages/count_tokens';
  return modelReading(fields, {
    action: counts ? 'model.count' : 'model.generate',
    args: { ...parameters, tools: toolNames(tools) },
    estimate: counts ? NO_ESTIMATE : estimateOf(body.length, [messages, system], { output, choices: 1 }),
  });
}
