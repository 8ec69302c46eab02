// What a call is taken to have used, whether or not its provider said so.
// INVARIANT: what the provider stated is never replaced; what it left unsaid is never free.
import type { Call } from '../core/call.ts';
import type { GatewayError } from '../core/errors.ts';
import { type Metered, totalTokens } from '../core/usage.ts';
import { type DetailedUsage, NO_DETAILED_USAGE, type UsageReading } from '../protocols/protocol.ts';
import { toolAsks } from '../protocols/tool-steps.ts';
import { cost, type ModelPrice } from './price.ts';
import { isPriced, NO_CHARGE, quote } from './quote.ts';

/** As in the estimate: real text has more bytes a token. */
const BYTES_PER_TOKEN = 3;
/** Failures before anything was carried out. */
const NOT_CARRIED_OUT = new Set<string>(['upstream.unreachable', 'upstream.unavailable', 'upstream.redirect']);

/** What was seen of an answer. */
export interface Seen {
  readonly status: number;
  readonly reading: UsageReading;
  /** Bytes of the body that could not be read as the dialect's. */
  readonly unreadBytes: number;
  /** Of what it said, where that was asked for. */
  readonly resultDigest?: string | undefined;
}

/** The usage of an answered call. */
export function metered(call: Call, seen: Seen, price: ModelPrice | undefined): Metered {
  const { reading, status } = seen;
  const { model, responseId, finishReasons, failure, toolUses } = reading;
  const answered = {
    model,
    responseId,
    finishReasons,
    ...(failure !== undefined && { failure }),
    ...(toolUses.length > 0 && { toolUses: toolAsks(toolUses) }),
    ...(seen.resultDigest !== undefined && { resultDigest: seen.resultDigest }),
  };
  if (!isPriced(call.access.action)) {
    return { usage: NO_DETAILED_USAGE, charge: NO_CHARGE, estimated: false, ...answered };
  }
  // An API that is paid by the request is paid for its refusals too.
  if (call.access.action === 'http.request') {
    const money = price?.request ?? NO_CHARGE.money;
    return { usage: NO_DETAILED_USAGE, charge: { tokens: 0, money }, estimated: false, ...answered };
  }
  const failed = status >= 400 || (reading.failed && reading.outputBytes === 0);
  if (failed || (reading.stated && price?.request === undefined)) {
    return { ...charged(reading.usage, price), estimated: false, ...answered };
  }
  if (!isText(call)) return { ...asQuoted(call, price), ...answered };
  return { ...charged(estimatedUsage(call, seen), price), estimated: true, ...answered };
}

/** The usage of a call that was sent and never answered: its input, unless it surely was not carried out. */
export function unanswered(call: Call, error: GatewayError, price: ModelPrice | undefined): Metered {
  const answered = { model: undefined, responseId: undefined, finishReasons: [] };
  const estimated = isPriced(call.access.action) && !NOT_CARRIED_OUT.has(error.code);
  if (estimated && !isText(call)) return { ...asQuoted(call, price), ...answered };
  const usage = estimated ? { ...NO_DETAILED_USAGE, input: call.estimate.inputTokens } : NO_DETAILED_USAGE;
  return { ...charged(usage, price), estimated, ...answered };
}

/** Whether what was used can be reckoned from the text that was seen. */
function isText({ access: { action } }: Call): boolean {
  return action === 'model.generate' || action === 'model.embed';
}

/** All that was reserved. Where a price per request was stated, that is no guess. */
function asQuoted(call: Call, price: ModelPrice | undefined): Pick<Metered, 'usage' | 'charge' | 'estimated'> {
  return { usage: NO_DETAILED_USAGE, charge: quote(call, price), estimated: price?.request === undefined };
}

function charged(usage: DetailedUsage, price: ModelPrice | undefined): Pick<Metered, 'usage' | 'charge'> {
  return { usage, charge: { tokens: totalTokens(usage), money: price ? cost(price, usage) : NO_CHARGE.money } };
}

function estimatedUsage(call: Call, { reading, unreadBytes }: Seen): DetailedUsage {
  const { usage, outputBytes } = reading;
  const { inputTokens, outputTokens } = call.estimate;
  const statedInput = usage.input + usage.cacheRead + usage.cacheWrite > 0;
  // Bytes that are no text of the dialect are no more than what the request allowed.
  const unread = Math.min(Math.ceil(unreadBytes / BYTES_PER_TOKEN), outputTokens);
  const output = Math.max(usage.output, Math.ceil(outputBytes / BYTES_PER_TOKEN) + unread);
  return { ...usage, input: statedInput ? usage.input : inputTokens, output };
}
