import type { Dispatcher } from 'undici';
import type { Body, BodyControl, BodySink } from '../core/body.ts';
import { GatewayError } from '../core/errors.ts';
import { type Progress, upstreamError } from './failure.ts';

/** The head of an upstream's answer with its body, at rest or flowing. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Body;
}

export interface ExchangeEnd {
  resolve(answer: UpstreamAnswer): void;
  reject(error: GatewayError): void;
  /** A body that flowed has come to its end, or broke; not told where its reader gave it up. */
  ended(failure: GatewayError | undefined): void;
}

type Head = Omit<UpstreamAnswer, 'body'>;

/** An answer that says it is no longer than this is taken whole, so that it can leave in one write. */
const AT_REST_BYTES = 262_144;
/** What may arrive of a flowing body before anybody has started it. */
const EARLY_BYTES = 65_536;

/**
 * One request and its answer, as undici's dispatch pushes it: the head settles the promise, the body goes straight to
 * whoever starts it. Nothing is buffered but a small answer; a slow reader pauses the socket.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #upstream: string;
  readonly #end: ExchangeEnd;
  #state: 'waiting' | 'collecting' | 'flowing' | 'ended' | 'given-up' = 'waiting';
  #controller: Dispatcher.DispatchController | undefined;
  #head: Head | undefined;
  #sink: BodySink | undefined;
  /** The whole body while collecting; what came before the start while flowing. */
  #chunks: Buffer[] = [];
  #bytes = 0;
  #failure: GatewayError | undefined;

  constructor(upstream: string, end: ExchangeEnd) {
    this.#upstream = upstream;
    this.#end = end;
  }

  get isGivenUp(): boolean {
    return this.#state === 'given-up';
  }

  /** The client went away. Once the body flows, this is its reader's business. */
  clientLeft(): void {
    this.cutOff(new GatewayError('request.aborted', 'the client went away before it was answered'));
  }

  /** Nobody waits for the head any more. Once the body flows, this is its reader's business. */
  cutOff(error: GatewayError): void {
    if (this.#state !== 'waiting' && this.#state !== 'collecting') return;
    this.#end.reject(error);
    this.#giveUp();
  }

  #giveUp(): void {
    this.#state = 'given-up';
    this.#chunks = [];
    this.#controller?.abort(new Error('given up'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown, this costs no connection; an abort would.
    if (this.#state === 'given-up') throw new Error('given up');
    this.#controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Head['headers']): void {
    if (status < 200 || this.#state !== 'waiting') return;
    const head = { status, headers };
    this.#head = head;
    if (isSmall(head)) {
      this.#state = 'collecting';
      return;
    }
    this.#state = 'flowing';
    this.#end.resolve({ ...head, body: { start: (sink) => this.#start(sink) } });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#sink) {
      if (!this.#sink.data(chunk)) controller.pause();
      return;
    }
    if (this.#state === 'given-up') return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#state === 'flowing' && this.#bytes >= EARLY_BYTES) controller.pause();
  }

  onResponseEnd(): void {
    const collected = this.#state === 'collecting';
    if (!collected && this.#state !== 'flowing') return;
    this.#state = 'ended';
    if (!collected || !this.#head) {
      this.#end.ended(undefined);
      this.#sink?.end();
      return;
    }
    const [only, ...more] = this.#chunks;
    this.#end.resolve({ ...this.#head, body: only && more.length === 0 ? only : Buffer.concat(this.#chunks) });
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#state === 'given-up' || this.#state === 'ended') return;
    const failure = upstreamError(this.#upstream, error, this.#progress());
    const flowing = this.#state === 'flowing';
    this.#state = 'ended';
    this.#failure = failure;
    if (!flowing) {
      this.#end.reject(failure);
      return;
    }
    this.#end.ended(failure);
    this.#sink?.fail(failure);
  }

  #progress(): Progress {
    if (this.#head) return 'answering';
    return this.#controller ? 'sent' : 'connecting';
  }

  #start(sink: BodySink): BodyControl {
    const early = this.#chunks;
    this.#chunks = [];
    this.#sink = sink;
    let wantsMore = true;
    for (const chunk of early) wantsMore = sink.data(chunk);
    if (this.#failure) sink.fail(this.#failure);
    else if (this.#state === 'ended') sink.end();
    else if (wantsMore) this.#controller?.resume();
    return { resume: () => this.#controller?.resume(), cancel: () => this.#cancel() };
  }

  #cancel(): void {
    if (this.#state === 'flowing') this.#giveUp();
  }
}

// Events are never held back, whatever length they announce.
function isSmall({ status, headers }: Head): boolean {
  if (status === 204 || status === 304) return true;
  return (
    Number(headers['content-length'] ?? Infinity) <= AT_REST_BYTES &&
    !String(headers['content-type'] ?? '').startsWith('text/event-stream')
  );
}
