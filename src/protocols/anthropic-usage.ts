import { type Fields, isFields } from './fields.ts';
import type { DetailedUsage, UsageReader } from './protocol.ts';
import { readAnthropicUseEvent, readAnthropicUses } from './tool-steps-anthropic.ts';
import { generatedBytes, parseObject, tokenCount } from './usage-count.ts';
import {
  addFinishReason,
  endJson,
  identify,
  markFailed,
  newProgress,
  textOf,
  type UsageProgress,
} from './usage-progress.ts';

/** Usage of a message: in the body, or begun in `message_start` and completed, field by field, in `message_delta`. */
export function anthropicUsage(): UsageReader {
  const progress = newProgress();
  const counts: Counts = {};
  return {
    result: progress,
    json(body) {
      const text = body.toString('latin1');
      const message = parseObject(text);
      if (message) {
        readMessage(progress, counts, message);
        readAnthropicUses(progress.tools, message, text);
      }
      endJson(progress, body.length);
    },
    event(_, data) {
      const event = parseObject(data);
      if (event) readEvent(progress, counts, event, data);
      else progress.outputBytes += data.length;
    },
  };
}

/** What was last said of each count. */
type Counts = { -readonly [Class in keyof DetailedUsage]?: number | undefined };

function readMessage(progress: UsageProgress, counts: Counts, message: Fields): void {
  if (message['type'] === 'error') {
    markFailed(progress);
    return;
  }
  identify(progress, message);
  addFinishReason(progress, textOf(message, 'stop_reason'));
  count(progress, counts, message['usage']);
  progress.stated = counts.input !== undefined && counts.output !== undefined;
  if (!progress.stated) progress.outputBytes += generatedBytes(message['content']);
}

function readEvent(progress: UsageProgress, counts: Counts, event: Fields, data: string): void {
  switch (event['type']) {
    case 'content_block_delta':
      progress.outputBytes += generatedBytes(event['delta']);
      readAnthropicUseEvent(progress.tools, event, data);
      return;
    case 'content_block_start':
      progress.outputBytes += generatedBytes(event['content_block']);
      readAnthropicUseEvent(progress.tools, event, data);
      return;
    case 'message_start':
      identify(progress, event['message']);
      if (isFields(event['message'])) count(progress, counts, event['message']['usage']);
      return;
    case 'message_delta':
      if (isFields(event['delta'])) addFinishReason(progress, textOf(event['delta'], 'stop_reason'));
      // The output is final only here: `message_start` states the first few tokens.
      if (count(progress, counts, event['usage'])) progress.stated = counts.input !== undefined;
      return;
    case 'message_stop':
      progress.terminal = true;
      return;
    case 'error':
      markFailed(progress);
  }
}

/** Takes over the counts that are stated; true where the output's is among them. */
function count(progress: UsageProgress, counts: Counts, usage: unknown): boolean {
  if (!isFields(usage)) return false;
  const writes = isFields(usage['cache_creation']) ? usage['cache_creation'] : {};
  const details = isFields(usage['output_tokens_details']) ? usage['output_tokens_details'] : {};
  const output = tokenCount(usage['output_tokens']);
  counts.input = tokenCount(usage['input_tokens']) ?? counts.input;
  counts.cacheRead = tokenCount(usage['cache_read_input_tokens']) ?? counts.cacheRead;
  counts.cacheWrite = tokenCount(usage['cache_creation_input_tokens']) ?? counts.cacheWrite;
  counts.cacheWriteHour = tokenCount(writes['ephemeral_1h_input_tokens']) ?? counts.cacheWriteHour;
  counts.output = output ?? counts.output;
  counts.reasoning = tokenCount(details['thinking_tokens']) ?? counts.reasoning;
  const cacheWrite = counts.cacheWrite ?? 0;
  progress.usage = {
    input: counts.input ?? 0,
    cacheRead: counts.cacheRead ?? 0,
    cacheWrite,
    cacheWriteHour: Math.min(cacheWrite, counts.cacheWriteHour ?? 0),
    output: counts.output ?? 0,
    reasoning: Math.min(counts.output ?? 0, counts.reasoning ?? 0),
  };
  return output !== undefined;
}
