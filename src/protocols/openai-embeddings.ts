// OpenAI's embeddings: `POST /embeddings`.
import { estimateOf } from './estimate.ts';
import { knownKeys, readFields, refuseVariants } from './fields.ts';
import { modelReading, writeModel } from './model-request.ts';
import { embeddingsUsage } from './openai-embeddings-usage.ts';
import { OPENAI_WIRE } from './openai-wire.ts';
import type { Protocol } from './protocol.ts';
import { tokenIds } from './token-ids.ts';

/** Fields that Waygate or a policy acts on. */
const KNOWN = knownKeys('model input dimensions encoding_format user stream');

export const openaiEmbeddings: Protocol = {
  ...OPENAI_WIRE,
  dialect: 'openai-embeddings',

  read(request, _, body) {
    const fields = readFields(request, body);
    refuseVariants(fields, KNOWN);
    const { input, ...parameters } = fields;
    const { inputTokens } = estimateOf(body.length, undefined, { output: 0, choices: 1 });
    return modelReading(fields, {
      action: 'model.embed',
      args: parameters,
      estimate: { inputTokens: inputTokens + tokenIds(input), outputTokens: 0 },
    });
  },

  write: (body, reading, { model }) => writeModel(body, reading, model),
  usage: embeddingsUsage,
};
