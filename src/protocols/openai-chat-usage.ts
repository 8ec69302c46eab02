import { type Fields, isFields } from './fields.ts';
import type { DetailedUsage, UsageReader } from './protocol.ts';
import { readChatUses } from './tool-steps-chat.ts';
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

/** Usage of a chat completion: in the body, or in the last chunk that has it. */
export function chatUsage(): UsageReader {
  return usageIn({ whole: 'message', piece: 'delta' });
}

/** The same of an older completion, whose choices are text. */
export function completionsUsage(): UsageReader {
  return usageIn({ whole: 'text', piece: 'text' });
}

type Content = 'message' | 'delta' | 'text';

function usageIn(content: { readonly whole: Content; readonly piece: Content }): UsageReader {
  const progress = newProgress();
  return {
    result: progress,
    json(body) {
      const text = body.toString('latin1');
      const answer = parseObject(text);
      if (answer) readAnswer(progress, answer, { content: content.whole, isWhole: true, text });
      endJson(progress, body.length);
    },
    event(_, data) {
      if (data === '[DONE]') {
        progress.terminal = true;
        return;
      }
      const chunk = parseObject(data);
      if (chunk) readAnswer(progress, chunk, { content: content.piece, isWhole: false, text: data });
      else progress.outputBytes += data.length;
    },
  };
}

interface Piece {
  readonly content: Content;
  readonly isWhole: boolean;
  /** One character per byte. */
  readonly text: string;
}

function readAnswer(progress: UsageProgress, answer: Fields, { content, isWhole, text }: Piece): void {
  if (isFields(answer['error'])) {
    markFailed(progress);
    return;
  }
  identify(progress, answer);
  readChatUses(progress.tools, answer, { content, text });
  const choices = Array.isArray(answer['choices']) ? (answer['choices'] as readonly unknown[]) : [];
  let usage = usageOf(answer['usage']);
  for (const choice of choices) {
    if (!isFields(choice)) continue;
    // What a whole answer states of its usage, its text cannot say better.
    if (!isWhole || !usage) progress.outputBytes += generatedBytes(choice[content]);
    addFinishReason(progress, textOf(choice, 'finish_reason'));
    // Moonshot states it here.
    usage ??= usageOf(choice['usage']);
  }
  if (!usage) return;
  progress.usage = usage;
  progress.stated = true;
  if (choices.length === 0) progress.terminal = true;
}

function usageOf(usage: unknown): DetailedUsage | undefined {
  if (!isFields(usage)) return undefined;
  const input = isFields(usage['prompt_tokens_details']) ? usage['prompt_tokens_details'] : {};
  const output = isFields(usage['completion_tokens_details']) ? usage['completion_tokens_details'] : {};
  return inclusiveUsage({
    input: usage['prompt_tokens'],
    output: usage['completion_tokens'],
    total: usage['total_tokens'],
    cached: input['cached_tokens'] ?? usage['cached_tokens'],
    written: input['cache_write_tokens'],
    reasoning: output['reasoning_tokens'],
  });
}
