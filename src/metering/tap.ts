// Stage 8: what it cost. Reads an answer's body as it passes, and reports once, when the body has ended.
// INVARIANT: a chunk is passed on before it is read; reading neither changes, delays nor stops it.
// INVARIANT: `done` is called exactly once per answer that is delivered, whoever ends it.
// INVARIANT: a stream that ends without its dialect's terminal event ends in an error, never as if it were complete.
import { type Body, type BodyControl, type BodySink, type BodySource, isAtRest } from '../core/body.ts';
import type { Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { ToolUse } from '../core/tool-traffic.ts';
import type { Answer } from '../core/exchange.ts';
import type { BodyEnd, Ending } from '../core/record.ts';
import { PROTOCOLS } from '../protocols/index.ts';
import type { UsageReader } from '../protocols/protocol.ts';
import { usageHider, type UsageHider } from './hide-usage.ts';
import { metered } from './metered.ts';
import type { ModelPrice } from './price.ts';
import { isMetered } from './quote.ts';
import { ResultDigest } from './result-digest.ts';
import { type BodyForm, type BodyReader, bodyReader, formOf, readWhole } from './read-body.ts';

export interface MeterOptions {
  /** Undefined for calls that use no tokens. */
  readonly price: ModelPrice | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly done: (end: BodyEnd) => void;
  /** Whether the end is to have a digest of what the answer says. */
  readonly digestsResult?: boolean;
  /** Of an answer that flows: given the list that the tools come into which the model asks for, before the first does. */
  readonly onToolUses?: (uses: readonly ToolUse[]) => void;
}

/** The answer with its body tapped; a small body at rest is read, and `done` called, before this returns. */
export function meter(call: Call, answer: Answer, options: MeterOptions): Answer {
  const form = formOf(String(answer.headers['content-type'] ?? ''));
  const usage = PROTOCOLS[call.dialect].usage();
  // Where there are no tokens to count, only tools tell something, and the events of a stream: when its client may leave.
  const tells =
    call.dialect !== 'http' && (form === 'events' || call.dialect === 'mcp' || isMetered(call.access.action));
  const read = tells ? form : 'other';
  const digest = options.digestsResult ? new ResultDigest(answer.status) : undefined;
  if (isAtRest(answer.body) && form !== 'events') {
    const firstByteAtMs = options.now();
    const unreadBytes = readWhole(read, usage, answer.body);
    digest?.feed(answer.body);
    const resultDigest = digest?.of(usage.result);
    const seen = { status: answer.status, reading: usage.result, unreadBytes, resultDigest };
    options.done({ ending: 'complete', error: undefined, firstByteAtMs, metered: metered(call, seen, options.price) });
    return answer;
  }
  options.onToolUses?.(usage.result.toolUses);
  const tap = new Tap({ call, status: answer.status, form, usage, reader: bodyReader(read, usage), digest }, options);
  const { 'content-length': length, ...headers } = answer.headers;
  const keepsLength = form !== 'events' && length !== undefined;
  return { status: answer.status, headers: keepsLength ? answer.headers : headers, body: tap.over(answer.body) };
}

interface Tapped {
  readonly call: Call;
  readonly status: number;
  readonly form: BodyForm;
  readonly usage: UsageReader;
  readonly reader: BodyReader;
  readonly digest: ResultDigest | undefined;
}

class Tap implements BodySink, BodyControl {
  readonly #tapped: Tapped;
  readonly #options: MeterOptions;
  readonly #hider: UsageHider | undefined;
  #sink: BodySink | undefined;
  #control: BodyControl | undefined;
  #firstByteAtMs: number | undefined;
  /** `left`: the client is gone, but its call goes on upstream. */
  #state: 'open' | 'left' | 'ended' = 'open';

  constructor(tapped: Tapped, options: MeterOptions) {
    this.#tapped = tapped;
    this.#options = options;
    const { call, form } = tapped;
    const protocol = PROTOCOLS[call.dialect];
    if (call.hideUsage && form === 'events') this.#hider = usageHider((data) => protocol.hideUsage(data));
  }

  over(body: Body): BodySource {
    return {
      start: (sink) => {
        this.#sink = sink;
        this.#control = isAtRest(body) ? pour(body, this) : body.start(this);
        // Cut before there was anything to cancel.
        if (this.#state === 'ended') this.#control.cancel();
        return this;
      },
    };
  }

  data(chunk: Buffer): boolean {
    if (this.#state === 'ended') return true;
    this.#firstByteAtMs ??= this.#options.now();
    const more = this.#state === 'left' || this.#pass(chunk);
    this.#tapped.reader.feed(chunk);
    this.#tapped.digest?.feed(chunk);
    return more;
  }

  #pass(chunk: Buffer): boolean {
    if (!this.#hider) return this.#sink?.data(chunk) ?? true;
    const out = this.#hider.push(chunk);
    if (out) return out.length === 0 || (this.#sink?.data(out) ?? true);
    this.fail(new GatewayError('upstream.too_large', 'the upstream sent an event that is too large to pass on'));
    this.#control?.cancel();
    return true;
  }

  end(): void {
    if (this.#state === 'ended') return;
    this.#tapped.reader.end();
    if (this.#isTruncated()) {
      this.fail(new GatewayError('upstream.broken', 'the upstream ended its stream before the answer was complete'));
      return;
    }
    this.#complete();
  }

  #complete(): void {
    const rest = this.#hider?.rest();
    const sink = this.#state === 'open' ? this.#sink : undefined;
    if (rest && rest.length > 0) sink?.data(rest);
    this.#finish(sink ? 'complete' : 'aborted');
    sink?.end();
  }

  fail(error: GatewayError): void {
    if (this.#state === 'ended') return;
    // A connection that breaks behind the last event has lost nothing.
    if (this.#tapped.usage.result.terminal) {
      this.#complete();
      return;
    }
    const sink = this.#state === 'open' ? this.#sink : undefined;
    this.#finish(sink ? 'broken' : 'aborted', error);
    sink?.fail(error);
  }

  resume(): void {
    this.#control?.resume();
  }

  cancel(error?: GatewayError): void {
    // Whom nobody reads any more may still be told to go.
    if (this.#state === 'ended' || (this.#state === 'left' && !error)) return;
    const { call, usage } = this.#tapped;
    const { terminal } = usage.result;
    if (!terminal && !error && !call.abortable) {
      this.#state = 'left';
      this.#control?.resume();
      return;
    }
    if (terminal) this.#finish('complete');
    else this.#finish(error ? 'broken' : 'aborted', error);
    this.#control?.cancel();
  }

  #isTruncated(): boolean {
    const { call, form, status, usage } = this.#tapped;
    if (form !== 'events' || status !== 200 || call.access.action !== 'model.generate') return false;
    return !usage.result.terminal && usage.result.finishReasons.length === 0;
  }

  #finish(ending: Ending, error?: GatewayError): void {
    this.#state = 'ended';
    const { call, status, usage, reader, digest } = this.#tapped;
    const { price, done } = this.#options;
    const resultDigest = ending === 'complete' ? digest?.of(usage.result) : undefined;
    const seen = { status, reading: usage.result, unreadBytes: reader.unreadBytes, resultDigest };
    done({ ending, error, firstByteAtMs: this.#firstByteAtMs, metered: metered(call, seen, price) });
  }
}

/** Pushes a body at rest through a sink. */
function pour(body: Buffer, sink: BodySink): BodyControl {
  sink.data(body);
  sink.end();
  return { resume() {}, cancel() {} };
}
