// OpenAI's older completions: `POST /completions`, a text that goes on.
// INVARIANT: as in chat, a stream goes up asking for usage, and comes back without it where the client did not ask.
import { estimateOf } from './estimate.ts';
import { invalid, knownKeys, readCount, readFields, refuseVariants } from './fields.ts';
import { modelReading } from './model-request.ts';
import { completionsUsage } from './openai-chat-usage.ts';
import { asksForUsage, withoutUsage, writeStreamed } from './openai-stream-options.ts';
import { OPENAI_WIRE } from './openai-wire.ts';
import type { Protocol } from './protocol.ts';
import { tokenIds } from './token-ids.ts';

/** Fields that Waygate or a policy acts on. */
const KNOWN = knownKeys(`
  model prompt suffix stream stream_options n best_of max_tokens temperature top_p stop seed logprobs echo user
`);
const CHOICES_MAX = 128;

export const openaiCompletions: Protocol = {
  ...OPENAI_WIRE,
  dialect: 'openai-completions',

  read(request, _, body) {
    const fields = readFields(request, body);
    refuseVariants(fields, KNOWN);
    const { prompt, suffix: __, ...parameters } = fields;
    asksForUsage(fields['stream_options']);
    const choices = Math.max(readCount(fields, 'n', CHOICES_MAX) ?? 1, readCount(fields, 'best_of', CHOICES_MAX) ?? 1);
    const estimate = estimateOf(body.length, undefined, {
      output: readCount(fields, 'max_tokens'),
      choices: choices * promptsIn(prompt),
    });
    return modelReading(fields, {
      action: 'model.generate',
      args: parameters,
      estimate: { ...estimate, inputTokens: estimate.inputTokens + tokenIds(prompt) },
    });
  },

  write: writeStreamed,
  usage: completionsUsage,
  hideUsage: withoutUsage,
};

/** Each text of a list is answered; a list of numbers is one text. */
function promptsIn(prompt: unknown): number {
  if (!Array.isArray(prompt) || prompt.length === 0 || typeof prompt[0] === 'number') return 1;
  if (prompt.some((text) => typeof text === 'number'))
    throw invalid('expected `prompt` to be texts or tokens, not both');
  return prompt.length;
}
