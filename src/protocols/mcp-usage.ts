import { type Fields, isFields } from './fields.ts';
import type { UsageReader } from './protocol.ts';
import { parseObject } from './usage-count.ts';
import { newProgress, type UsageProgress } from './usage-progress.ts';

/** No model tokens: whether the answer to the request has come, after which its client may leave, and whether it failed. */
export function mcpUsage(): UsageReader {
  const progress: UsageProgress = { ...newProgress(), stated: true };
  return {
    result: progress,
    json(body) {
      progress.terminal = true;
      progress.answer = body;
      // Most answers say nothing of an error, and may be large.
      if (!body.includes('"isError"') && !body.includes('"error"')) return;
      const message = parseObject(body.toString('latin1'));
      if (message) readFailure(progress, message);
    },
    event(_, data) {
      // What the server asks or tells meanwhile has a method.
      if (!data.includes('"result"') && !data.includes('"error"')) return;
      const message = parseObject(data);
      if (!message || 'method' in message) return;
      if (!('result' in message) && !isFields(message['error'])) return;
      progress.terminal = true;
      progress.answer = data;
      readFailure(progress, message);
    },
  };
}

function readFailure(progress: UsageProgress, { result, error }: Fields): void {
  if (isFields(error) && Number.isSafeInteger(error['code'])) progress.failure = String(error['code']);
  if (isFields(result) && result['isError'] === true) progress.failure = 'tool_error';
}
