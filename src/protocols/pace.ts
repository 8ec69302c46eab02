// What a provider says of its own limits: until when it takes nothing more of a model.
import { type Answer, header } from '../core/exchange.ts';

/** What says how much is left, and what says when that is renewed. */
interface Window {
  readonly remaining: string;
  readonly reset: string;
  /** The moment, in milliseconds since the epoch; NaN where it cannot be read. */
  readonly read: (text: string, nowMs: number) => number;
}

const OPENAI = ['requests', 'tokens'].map((unit) => ({
  remaining: `x-ratelimit-remaining-${unit}`,
  reset: `x-ratelimit-reset-${unit}`,
  read: (text: string, nowMs: number): number => nowMs + durationMs(text),
}));
const ANTHROPIC = ['requests', 'tokens', 'input-tokens', 'output-tokens'].map((unit) => ({
  remaining: `anthropic-ratelimit-${unit}-remaining`,
  reset: `anthropic-ratelimit-${unit}-reset`,
  read: (text: string): number => Date.parse(text),
}));
const WINDOWS: readonly Window[] = [...OPENAI, ...ANTHROPIC];

/** Resets name the moment when all is there again; some of it is there sooner. */
const RESET_MAX_MS = 15_000;
const RETRY_MAX_MS = 3_600_000;
/** Too many requests; overloaded, as Anthropic says it. */
const BUSY: ReadonlySet<number> = new Set([429, 529]);

/** Until when to send nothing more of the model, in milliseconds since the epoch; undefined where nothing is said. */
export function paceOf({ status, headers }: Pick<Answer, 'status' | 'headers'>, nowMs: number): number | undefined {
  let untilMs = nowMs;
  for (const { remaining, reset, read } of WINDOWS) {
    if (headers[remaining] !== '0') continue;
    const at = read(header(headers, reset) ?? '', nowMs);
    if (at > untilMs) untilMs = Math.min(at, nowMs + RESET_MAX_MS);
  }
  if (BUSY.has(status)) {
    const at = retryAt(headers, nowMs);
    if (at > untilMs) untilMs = Math.min(at, nowMs + RETRY_MAX_MS);
  }
  return untilMs > nowMs ? untilMs : undefined;
}

/** `retry-after-ms` of OpenAI, else `Retry-After` (RFC 9110 §10.2.3): seconds or a date. */
function retryAt(headers: Answer['headers'], nowMs: number): number {
  const ms = header(headers, 'retry-after-ms');
  if (ms !== undefined && SECONDS.test(ms)) return nowMs + Number(ms);
  const text = header(headers, 'retry-after') ?? '';
  return SECONDS.test(text) ? nowMs + Number(text) * 1_000 : Date.parse(text);
}

const SECONDS = /^\d{1,9}(?:\.\d{1,9})?$/;
const PARTS = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9})ms)?$/;

/** `6m0s`, `1.5s`, `120ms`, as Go prints durations, or plain seconds; NaN for anything else. */
function durationMs(text: string): number {
  if (SECONDS.test(text)) return Number(text) * 1_000;
  const parts = PARTS.exec(text);
  if (!parts || text === '') return NaN;
  const [days, hours, minutes, seconds, ms] = parts.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000 + ms;
}
