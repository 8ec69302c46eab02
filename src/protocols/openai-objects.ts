// OpenAI's files, uploads, batches and stored responses.
// INVARIANT: a batch is of no model: its requests lie in a file that is not read here, so only a rule for `object/…` lets it pass.
import { objectReading } from './object-request.ts';
import { OPENAI_WIRE } from './openai-wire.ts';
import type { Protocol } from './protocol.ts';
import { noUsage } from './usage-progress.ts';

export const openaiObjects: Protocol = {
  ...OPENAI_WIRE,
  dialect: 'openai-objects',

  read(request, path, body) {
    const reading = objectReading(request, path, body);
    return request.method === 'POST' && path === '/batches' ? { ...reading, action: 'model.batch' } : reading;
  },

  write: (body) => ({ body, splices: [], hideUsage: false }),
  usage: noUsage,
};
