import { isFields } from './fields.ts';
import { NO_DETAILED_USAGE, type UsageReader } from './protocol.ts';
import { parseObject, tokenCount } from './usage-count.ts';
import { identify, markFailed, newProgress } from './usage-progress.ts';

/** Usage of embeddings: input alone. Vectors are no text, whatever their size. */
export function embeddingsUsage(): UsageReader {
  const progress = newProgress();
  return {
    result: progress,
    json(body) {
      progress.terminal = true;
      const answer = parseObject(body.toString('latin1'));
      if (!answer) return;
      if (isFields(answer['error'])) {
        markFailed(progress);
        return;
      }
      identify(progress, answer);
      const usage = isFields(answer['usage']) ? answer['usage'] : {};
      const input = tokenCount(usage['prompt_tokens'] ?? usage['total_tokens']);
      if (input === undefined) return;
      progress.usage = { ...NO_DETAILED_USAGE, input };
      progress.stated = true;
    },
    event() {},
  };
}
