import { isFields, type Fields } from './fields.ts';
import { type DetailedUsage, NO_DETAILED_USAGE, type UsageReader, type UsageReading } from './protocol.ts';
import { newToolUses, type ToolUseList } from './tool-steps.ts';
import { parseObject } from './usage-count.ts';

/** A reading that grows with its answer. */
export interface UsageProgress extends UsageReading {
  usage: DetailedUsage;
  stated: boolean;
  terminal: boolean;
  failed: boolean;
  failure: string | undefined;
  answer: Buffer | string | undefined;
  outputBytes: number;
  model: string | undefined;
  responseId: string | undefined;
  finishReasons: string[];
  readonly tools: ToolUseList;
}

export function newProgress(): UsageProgress {
  const tools = newToolUses();
  return {
    usage: NO_DETAILED_USAGE,
    stated: false,
    terminal: false,
    failed: false,
    failure: undefined,
    outputBytes: 0,
    model: undefined,
    responseId: undefined,
    finishReasons: [],
    tools,
    toolUses: tools.uses,
    answer: undefined,
  };
}

/** Ends a reading at an answer's own word that it failed. */
export function markFailed(progress: UsageProgress): void {
  progress.failed = true;
  progress.terminal = true;
  progress.finishReasons.push('error');
}

/** Takes over the id and the model that an answer names, the first ones that it does. */
export function identify(progress: UsageProgress, answer: unknown): void {
  if (!isFields(answer)) return;
  progress.responseId ??= textOf(answer, 'id');
  progress.model ??= textOf(answer, 'model');
}

/** A short text of an answer; undefined where it is none. */
export function textOf(fields: Fields, key: string): string | undefined {
  const value = fields[key];
  return typeof value === 'string' && value.length > 0 && value.length <= 256 ? value : undefined;
}

/** Adds a finish reason, a bounded number of them. */
export function addFinishReason(progress: UsageProgress, reason: string | undefined): void {
  if (reason !== undefined && progress.finishReasons.length < 128) progress.finishReasons.push(reason);
}

/** Ends a reading at the end of a JSON body; a body of that many bytes that told nothing counts as text. */
export function endJson(progress: UsageProgress, bytes: number): void {
  if (!progress.stated && !progress.failed && progress.outputBytes === 0) progress.outputBytes = bytes;
  progress.terminal = true;
}

/** The reader of answers that no model generated. */
export function noUsage(): UsageReader {
  const progress = { ...newProgress(), stated: true };
  return {
    result: progress,
    json() {
      progress.terminal = true;
    },
    event() {},
  };
}

/** The reader of answers to what is only begun: they name it, and say nothing of what it will use. */
export function createdUsage(): UsageReader {
  const progress = newProgress();
  return {
    result: progress,
    json(body) {
      identify(progress, parseObject(body.toString('latin1')));
      progress.terminal = true;
    },
    event() {},
  };
}
