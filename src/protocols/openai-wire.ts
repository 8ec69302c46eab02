// What all of OpenAI's dialects but the responses say alike.
import { isFinalRefusal } from './agent-cli.ts';
import { openaiLimitHeaders } from './limit-headers.ts';
import { narrowModels } from './narrow.ts';
import { openaiError, openaiStreamError } from './openai-error.ts';
import type { Protocol } from './protocol.ts';

export const OPENAI_WIRE: Omit<Protocol, 'dialect' | 'read' | 'write' | 'usage'> = {
  withTrace: (call) => call.body,
  narrow: narrowModels,
  hideUsage: (data) => data,
  error: (error, context) => openaiError(error, context, isFinalRefusal(error, context.headers) ? 403 : error.status),
  streamError: openaiStreamError,
  limitHeaders: openaiLimitHeaders,
};
