import { type Fields, isFields } from './fields.ts';
import type { UsageReader } from './protocol.ts';
import { inclusiveUsage, parseObject } from './usage-count.ts';
import { identify, markFailed, newProgress, textOf, type UsageProgress } from './usage-progress.ts';

/** Events that end a stream of images, of a transcript or of speech. */
const TERMINAL = /^(?:image_(?:generation|edit)\.completed|(?:transcript\.text|speech\.audio)\.done)$/;

/** Usage of images and sound, where an answer states tokens. Seconds and bytes are none. */
export function mediaUsage(): UsageReader {
  const progress = newProgress();
  return {
    result: progress,
    json(body) {
      const answer = parseObject(body.toString('latin1'));
      if (answer) readAnswer(progress, answer);
      progress.terminal = true;
    },
    event(name, data) {
      const event = parseObject(data);
      if (!event) return;
      const type = name || (textOf(event, 'type') ?? '');
      if (type === 'error' || TERMINAL.test(type)) readAnswer(progress, event);
      if (TERMINAL.test(type)) progress.terminal = true;
    },
  };
}

function readAnswer(progress: UsageProgress, answer: Fields): void {
  if (isFields(answer['error']) || answer['type'] === 'error') {
    markFailed(progress);
    return;
  }
  identify(progress, answer);
  const usage = answer['usage'];
  if (!isFields(usage)) return;
  const counted = inclusiveUsage({
    input: usage['input_tokens'],
    output: usage['output_tokens'],
    total: usage['total_tokens'],
    cached: undefined,
    written: undefined,
    reasoning: undefined,
  });
  if (!counted) return;
  const { input, output } = progress.usage;
  // Each image of a stream states its own.
  progress.usage = { ...counted, input: input + counted.input, output: output + counted.output };
  progress.stated = true;
}
