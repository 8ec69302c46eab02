import { isFields } from './fields.ts';
import type { UsageReader } from './protocol.ts';
import { parseObject } from './usage-count.ts';
import { newProgress } from './usage-progress.ts';

/** No model tokens; only whether the answer to the request has come, after which its client may leave. */
export function mcpUsage(): UsageReader {
  const progress = { ...newProgress(), stated: true };
  return {
    result: progress,
    json() {
      progress.terminal = true;
    },
    event(_, data) {
      // What the server asks or tells meanwhile has a method.
      if (!data.includes('"result"') && !data.includes('"error"')) return;
      const message = parseObject(data);
      if (!message || 'method' in message) return;
      if ('result' in message || isFields(message['error'])) progress.terminal = true;
    },
  };
}
