// Anthropic's messages: `POST /messages`, `POST /messages/count_tokens`, `GET /models` and `GET /models/<name>`.
import type { RequestHead } from '../core/exchange.ts';
import { NO_ESTIMATE } from '../core/usage.ts';
import { anthropicUsage } from './anthropic-usage.ts';
import { ANTHROPIC_WIRE } from './anthropic-wire.ts';
import { estimateOf } from './estimate.ts';
import { type Fields, knownKeys, readCount, readFields, refuseVariants } from './fields.ts';
import { modelListReading, modelReading, writeModel } from './model-request.ts';
import { toolNames } from './parameters.ts';
import type { Protocol, Reading } from './protocol.ts';
import { anthropicToolResults } from './tool-steps-anthropic.ts';

/** Fields that Waygate or a policy acts on. */
const KNOWN = knownKeys(`
  model messages system stream max_tokens tools tool_choice thinking output_config temperature top_p top_k
  stop_sequences service_tier metadata mcp_servers container context_management inference_geo speed
`);

export const anthropic: Protocol = {
  ...ANTHROPIC_WIRE,
  dialect: 'anthropic',

  read(request, path, body) {
    return request.method === 'GET' ? modelListReading(request, path, body) : readMessages(request, path, body);
  },

  write: (body, reading, { model }) => writeModel(body, reading, model),
  usage: anthropicUsage,
};

function readMessages(request: RequestHead, path: string, body: Buffer): Reading {
  const fields = readFields(request, body);
  const { args, content, output } = readMessage(fields);
  const counts = path === '/messages/count_tokens';
  return modelReading(fields, {
    action: counts ? 'model.count' : 'model.generate',
    args,
    ...(!counts && { toolResults: anthropicToolResults(fields['messages']) }),
    estimate: counts ? NO_ESTIMATE : estimateOf(body.length, content, { output, choices: 1 }),
  });
}

/** The fields of one message: what policies see of it, what it is about, and how much it asks for. */
export function readMessage(fields: Fields): {
  readonly args: Fields;
  readonly content: readonly unknown[];
  readonly output: number | undefined;
} {
  refuseVariants(fields, KNOWN);
  const { messages, system, tools, ...parameters } = fields;
  const output = readCount(fields, 'max_tokens');
  return { args: { ...parameters, tools: toolNames(tools) }, content: [messages, system], output };
}
