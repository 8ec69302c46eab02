// Reads the answer to a journaled call as it passes, for its record.
// INVARIANT: a chunk is passed on before it is kept; keeping neither changes nor delays it.
// INVARIANT: `done` is called exactly once, with the whole body or with undefined where it did not come whole.
import { type BodyControl, type BodySink, type BodySource, isAtRest, type Body } from '../core/body.ts';
import type { GatewayError } from '../core/errors.ts';

/** The largest answer that is kept to be repeated. */
export const KEPT_BYTES_MAX = 262_144;

/** `large`: it came whole, and only its end is known. */
export type Seen = { readonly kind: 'whole'; readonly body: Buffer } | { readonly kind: 'large' | 'broken' };

/** The body with a reader beside it. What is at rest is read before this returns. */
export function journalTap(body: Body, done: (seen: Seen) => void): Body {
  if (!isAtRest(body)) return new Tap(body, done);
  done(body.length > KEPT_BYTES_MAX ? { kind: 'large' } : { kind: 'whole', body });
  return body;
}

class Tap implements BodySource, BodySink, BodyControl {
  readonly #body: BodySource;
  readonly #done: (seen: Seen) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #sink: BodySink | undefined;
  #control: BodyControl | undefined;
  /** `left`: the client is gone, but its call goes on upstream. */
  #state: 'open' | 'left' | 'ended' = 'open';

  constructor(body: BodySource, done: (seen: Seen) => void) {
    this.#body = body;
    this.#done = done;
  }

  start(sink: BodySink): BodyControl {
    this.#sink = sink;
    this.#control = this.#body.start(this);
    // Cut before there was anything to cancel.
    if (this.#state === 'ended') this.#control.cancel();
    return this;
  }

  data(chunk: Buffer): boolean {
    if (this.#state === 'ended') return true;
    const more = this.#state === 'left' || (this.#sink?.data(chunk) ?? true);
    this.#size += chunk.length;
    if (this.#size <= KEPT_BYTES_MAX) this.#chunks.push(chunk);
    else this.#chunks.length = 0;
    return more;
  }

  end(): void {
    if (this.#state === 'ended') return;
    const isLarge = this.#size > KEPT_BYTES_MAX;
    this.#finish(isLarge ? { kind: 'large' } : { kind: 'whole', body: Buffer.concat(this.#chunks) })?.end();
  }

  fail(error: GatewayError): void {
    if (this.#state === 'ended') return;
    this.#finish({ kind: 'broken' })?.fail(error);
  }

  resume(): void {
    this.#control?.resume();
  }

  /** A client that leaves may come again for the result, so its call goes on; what was told to end, ends. */
  cancel(error?: GatewayError): void {
    if (this.#state === 'ended') return;
    if (!error) {
      if (this.#state === 'open') this.#control?.resume();
      this.#state = 'left';
      return;
    }
    this.#finish({ kind: 'broken' });
    this.#control?.cancel(error);
  }

  /** Who is still to be told. */
  #finish(seen: Seen): BodySink | undefined {
    const sink = this.#state === 'open' ? this.#sink : undefined;
    this.#state = 'ended';
    this.#done(seen);
    return sink;
  }
}
