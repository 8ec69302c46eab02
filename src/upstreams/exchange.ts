import type { Dispatcher } from 'undici';
import type { Body, BodyControl, BodySink } from '../core/body.ts';
import { GatewayError } from '../core/errors.ts';
import { upstreamError } from './failure.ts';

/** The head of an upstream's answer with its body, at rest or flowing. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Body;
}

export interface ExchangeEnd {
  resolve(answer: UpstreamAnswer): void;
  reject(error: GatewayError): void;
}

/** An answer that says it is no longer than this is taken whole, so that it can leave in one write. */
const AT_REST_BYTES = 262_144;

/**
 * One request and its answer, as undici's dispatch pushes it: the head settles the promise, the body goes straight to
 * whoever starts it. Nothing is buffered but a small answer; a slow reader pauses the socket.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #upstream: string;
  readonly #end: ExchangeEnd;
  #controller: Dispatcher.DispatchController | undefined;
  #sink: BodySink | undefined;
  #collected: Buffer[] | undefined;
  #head: { status: number; headers: UpstreamAnswer['headers'] } | undefined;
  #failure: GatewayError | undefined;
  #state: 'waiting' | 'flowing' | 'ended' | 'cancelled' = 'waiting';

  constructor(upstream: string, end: ExchangeEnd) {
    this.#upstream = upstream;
    this.#end = end;
  }

  /** The client is gone: give up the call. */
  cancel(): void {
    if (this.#state === 'ended' || this.#state === 'cancelled') return;
    const waiting = this.#state === 'waiting';
    this.#state = 'cancelled';
    const reason = new GatewayError('request.aborted', 'the client went away before the answer was complete');
    if (waiting) this.#end.reject(reason);
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#state === 'cancelled') controller.abort(new Error('cancelled'));
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: UpstreamAnswer['headers']): void {
    if (status < 200 || this.#state !== 'waiting') return;
    const length = Number(headers['content-length'] ?? Infinity);
    this.#head = { status, headers };
    if (length <= AT_REST_BYTES) this.#collected = [];
    else this.#flow(this.#head);
  }

  #flow(head: { status: number; headers: UpstreamAnswer['headers'] }): void {
    this.#state = 'flowing';
    this.#controller?.pause();
    this.#end.resolve({ ...head, body: { start: (sink) => this.#start(sink) } });
  }

  #start(sink: BodySink): BodyControl {
    this.#sink = sink;
    if (this.#failure) sink.fail(this.#failure);
    else if (this.#state === 'ended') sink.end();
    else this.#controller?.resume();
    return { resume: () => this.#controller?.resume(), cancel: () => this.cancel() };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#collected) this.#collected.push(chunk);
    else if (this.#state === 'flowing' && this.#sink?.data(chunk) === false) controller.pause();
  }

  onResponseEnd(): void {
    const head = this.#head;
    if (this.#collected && head && this.#state === 'waiting') {
      this.#state = 'ended';
      const [only, ...more] = this.#collected;
      this.#end.resolve({ ...head, body: only && more.length === 0 ? only : Buffer.concat(this.#collected) });
      return;
    }
    if (this.#state !== 'flowing') return;
    this.#state = 'ended';
    this.#sink?.end();
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#state === 'cancelled' || this.#state === 'ended') return;
    const failure = upstreamError(this.#upstream, error, this.#head !== undefined);
    const waiting = this.#state === 'waiting';
    this.#state = 'ended';
    this.#failure = failure;
    if (waiting) this.#end.reject(failure);
    else this.#sink?.fail(failure);
  }
}
