import { type Fields, isFields } from './fields.ts';
import type { DetailedUsage, UsageReader } from './protocol.ts';
import { readResponseUseEvent, readResponseUses } from './tool-steps-responses.ts';
import { generatedBytes, inclusiveUsage, parseObject } from './usage-count.ts';
import {
  addFinishReason,
  endJson,
  identify,
  markFailed,
  newProgress,
  textOf,
  type UsageProgress,
} from './usage-progress.ts';

const TERMINAL = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled']);
/** Events that repeat what deltas have told; not worth parsing, but for a call of a tool that is whole. */
const REPEATING = /\.(done|added|in_progress|queued)$/;

const ITEM_DONE = 'response.output_item.done';

/** Usage of a response: in the body, or in the event that ends the stream. */
export function responsesUsage(): UsageReader {
  const progress = newProgress();
  return {
    result: progress,
    json(body) {
      const text = body.toString('latin1');
      const answer = parseObject(text);
      if (answer) {
        readResponse(progress, answer);
        readResponseUses(progress.tools, answer, text);
      }
      if (!progress.stated || progress.failed) progress.outputBytes = generatedBytes(answer?.['output']);
      endJson(progress, body.length);
    },
    event(name, data) {
      if (REPEATING.test(name) && !(name === ITEM_DONE && data.includes('"call_id"'))) return;
      const event = parseObject(data);
      if (event) readEvent(progress, event, { type: name || (textOf(event, 'type') ?? ''), data });
      else if (data !== '[DONE]') progress.outputBytes += data.length;
    },
  };
}

function readEvent(
  progress: UsageProgress,
  event: Fields,
  { type, data }: { readonly type: string; readonly data: string },
): void {
  if (type === ITEM_DONE) {
    readResponseUseEvent(progress.tools, event, data);
    return;
  }
  if (typeof event['delta'] === 'string') progress.outputBytes += generatedBytes(event['delta']);
  if (type === 'error') {
    markFailed(progress);
    return;
  }
  identify(progress, event['response']);
  if (!TERMINAL.has(type)) return;
  progress.terminal = true;
  if (isFields(event['response'])) readResponse(progress, event['response']);
  readResponseUses(progress.tools, event, data);
}

function readResponse(progress: UsageProgress, response: Fields): void {
  identify(progress, response);
  const details = response['incomplete_details'];
  const status = textOf(response, 'status');
  if (status === 'failed' || isFields(response['error'])) progress.failed = true;
  addFinishReason(progress, (isFields(details) ? textOf(details, 'reason') : undefined) ?? status);
  const usage = usageOf(response['usage']);
  if (!usage) return;
  progress.usage = usage;
  progress.stated = true;
}

function usageOf(usage: unknown): DetailedUsage | undefined {
  if (!isFields(usage)) return undefined;
  const input = isFields(usage['input_tokens_details']) ? usage['input_tokens_details'] : {};
  const output = isFields(usage['output_tokens_details']) ? usage['output_tokens_details'] : {};
  return inclusiveUsage({
    input: usage['input_tokens'],
    output: usage['output_tokens'],
    total: usage['total_tokens'],
    cached: input['cached_tokens'],
    written: input['cache_write_tokens'],
    reasoning: output['reasoning_tokens'],
  });
}
