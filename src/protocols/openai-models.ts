// OpenAI's list of models: `GET /models` and `GET /models/<name>`.
import { modelListReading } from './model-request.ts';
import { OPENAI_WIRE } from './openai-wire.ts';
import type { Protocol } from './protocol.ts';
import { noUsage } from './usage-progress.ts';

export const openaiModels: Protocol = {
  ...OPENAI_WIRE,
  dialect: 'openai-models',
  read: modelListReading,
  write: (body) => ({ body, splices: [], hideUsage: false }),
  usage: noUsage,
};
