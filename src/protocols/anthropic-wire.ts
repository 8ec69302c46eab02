// What all of Anthropic's dialects say alike.
import { anthropicError, anthropicStreamError } from './anthropic-error.ts';
import { anthropicLimitHeaders } from './limit-headers.ts';
import { narrowModels } from './narrow.ts';
import type { Protocol } from './protocol.ts';

export const ANTHROPIC_WIRE: Omit<Protocol, 'dialect' | 'read' | 'write' | 'usage'> = {
  withTrace: (call) => call.body,
  narrow: narrowModels,
  hideUsage: (data) => data,
  error: anthropicError,
  streamError: anthropicStreamError,
  limitHeaders: anthropicLimitHeaders,
};
