// OpenAI's list of models: `GET /models` and `GET /models/<name>`.
import { isFinalRefusal } from './agent-cli.ts';
import { openaiLimitHeaders } from './limit-headers.ts';
import { modelListReading } from './model-request.ts';
import { narrowModels } from './narrow.ts';
import { openaiError, openaiStreamError } from './openai-error.ts';
import type { Protocol } from './protocol.ts';
import { noUsage } from './usage-progress.ts';

export const openaiModels: Protocol = {
  dialect: 'openai-models',
  read: modelListReading,
  write: (body) => ({ body, splices: [], hideUsage: false }),
  withTrace: (call) => call.body,
  narrow: narrowModels,
  usage: noUsage,
  hideUsage: (data) => data,
  error: (error, context) => openaiError(error, context, isFinalRefusal(error, context.headers) ? 403 : error.status),
  streamError: openaiStreamError,
  limitHeaders: openaiLimitHeaders,
};
