// What a provider says of when to come again, in the headers of its refusal.
import type { UpstreamAnswer } from './exchange.ts';

export type AnswerHeaders = UpstreamAnswer['headers'];

/**
 * How long a provider asks to be left alone, in milliseconds; undefined where it does not say. `Retry-After` (RFC 9110
 * §10.2.3) and OpenAI's finer `retry-after-ms` count first; else the resets of the limits that are used up.
 */
export function askedWait(headers: AnswerHeaders, nowMs: number): number | undefined {
  const fine = amount(text(headers, 'retry-after-ms'));
  if (fine !== undefined) return fine;
  return retryAfter(text(headers, 'retry-after'), nowMs) ?? resetOfUsedUp(headers, nowMs);
}

/** Whether the provider says that trying again is of no use. */
export function isFinal(headers: AnswerHeaders): boolean {
  return text(headers, 'x-should-retry') === 'false';
}

function retryAfter(value: string | undefined, nowMs: number): number | undefined {
  const seconds = amount(value);
  return seconds === undefined ? until(value, nowMs) : seconds * 1_000;
}

const REMAINING = /^(?:x-ratelimit-remaining-(.+)|anthropic-ratelimit-(.+)-remaining)$/;

function resetOfUsedUp(headers: AnswerHeaders, nowMs: number): number | undefined {
  let longest: number | undefined;
  for (const name in headers) {
    const [, openai, anthropic] = REMAINING.exec(name) ?? [];
    if ((openai === undefined && anthropic === undefined) || text(headers, name) !== '0') continue;
    const wait =
      openai === undefined
        ? until(text(headers, `anthropic-ratelimit-${anthropic}-reset`), nowMs)
        : duration(text(headers, `x-ratelimit-reset-${openai}`));
    if (wait !== undefined && wait > (longest ?? -1)) longest = wait;
  }
  return longest;
}

function text(headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

function amount(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}(?:\.\d{1,6})?$/.test(value) ? Number(value) : undefined;
}

/** Until a date of HTTP (RFC 9110 §5.6.7) or RFC 3339; 0 where it has passed. */
function until(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined || !/^(?:[A-Z][a-z]{2},|\d{4}-)/.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

const DURATION = /^(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?$/;

/** `6m0s`, `1h0m30s`, `120ms`: as Go prints durations. */
function duration(value: string | undefined): number | undefined {
  const parts = value === undefined || value === '' ? undefined : DURATION.exec(value);
  if (!parts) return undefined;
  const [hours = 0, minutes = 0, seconds = 0, milliseconds = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  return Math.ceil(((hours * 60 + minutes) * 60 + seconds) * 1_000 + milliseconds);
}
