import type { GatewayError } from './errors.ts';

/** Takes a body as it arrives: `data` any number of times, then exactly one of `end` and `fail`. */
export interface BodySink {
  /** False asks the source to pause until `resume` is called on its control. */
  data(chunk: Buffer): boolean;
  end(): void;
  fail(error: GatewayError): void;
}

/** The reader's hold on a body that flows. */
export interface BodyControl {
  resume(): void;
  /** The reader is gone, or with `error` was told to go. The source stops and calls nothing more. */
  cancel(error?: GatewayError): void;
}

/** A body that is pushed into a sink, once. It may push before `start` has returned. */
export interface BodySource {
  start(sink: BodySink): BodyControl;
}

/** A body at rest or one that flows. Small answers are at rest, so that they leave in one write. */
export type Body = Buffer | BodySource;

export function isAtRest(body: Body): body is Buffer {
  return Buffer.isBuffer(body);
}

/** The whole of a body; rejects with what `tooLarge` makes past `limit` bytes, and with the source's own failure. */
export function collectBody(body: Body, limit: number, tooLarge: () => GatewayError): Promise<Buffer> {
  if (isAtRest(body)) return body.length > limit ? Promise.reject(tooLarge()) : Promise.resolve(body);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let control: BodyControl | undefined;
    control = body.start({
      data(chunk) {
        size += chunk.length;
        if (size <= limit) return chunks.push(chunk) > 0;
        reject(tooLarge());
        control?.cancel();
        return false;
      },
      end: () => resolve(Buffer.concat(chunks)),
      fail: reject,
    });
    // A source may push before `start` has returned, when there was nothing to cancel yet.
    if (size > limit) control.cancel();
  });
}

/** Gives up a body that nobody will read, so that what it comes from is free again. */
export function discardBody(body: Body): void {
  if (!isAtRest(body)) body.start(NOBODY).cancel();
}

/** Takes everything and keeps nothing. */
export const NOBODY: BodySink = { data: () => true, end: () => {}, fail: () => {} };
