// Anthropic's files, and its message batches once they are made.
import { ownResults } from './anthropic-results.ts';
import { ANTHROPIC_WIRE } from './anthropic-wire.ts';
import { objectReading } from './object-request.ts';
import type { Protocol } from './protocol.ts';
import { noUsage } from './usage-progress.ts';

export const anthropicObjects: Protocol = {
  ...ANTHROPIC_WIRE,
  dialect: 'anthropic-objects',
  read: objectReading,
  write: (body) => ({ body, splices: [], hideUsage: false }),
  answerChange: ownResults,
  usage: noUsage,
};
