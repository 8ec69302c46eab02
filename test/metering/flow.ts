import { type Body, type BodyControl, type BodySink, type BodySource, isAtRest } from '../../src/core/body.ts';
import type { GatewayError } from '../../src/core/errors.ts';
import type { BodyEnd } from '../../src/core/record.ts';

/** A body that a test pushes by hand. */
export class HandSource implements BodySource {
  readonly calls: string[] = [];
  sink: BodySink | undefined;

  start(sink: BodySink): BodyControl {
    this.sink = sink;
    return { resume: () => this.calls.push('resume'), cancel: () => this.calls.push('cancel') };
  }

  push(text: string): boolean {
    return this.sink?.data(Buffer.from(text)) ?? true;
  }
}

/** A body in these pieces, pushed as soon as it is started. */
export function pieces(...chunks: readonly Buffer[]): BodySource {
  return {
    start(sink) {
      for (const chunk of chunks) sink.data(chunk);
      sink.end();
      return { resume() {}, cancel() {} };
    },
  };
}

/** What a reader got. */
export class Reader implements BodySink {
  readonly chunks: Buffer[] = [];
  end_ = 0;
  failure: GatewayError | undefined;
  full = false;

  data(chunk: Buffer): boolean {
    this.chunks.push(chunk);
    return !this.full;
  }

  end(): void {
    this.end_++;
  }

  fail(error: GatewayError): void {
    this.failure = error;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

/** Reads a body to its end. */
export function readAll(body: Body): Reader {
  const reader = new Reader();
  if (isAtRest(body)) reader.chunks.push(body);
  else body.start(reader);
  return reader;
}

/** Collects what a tap reports. */
export function reports(): { readonly ends: BodyEnd[]; readonly done: (end: BodyEnd) => void } {
  const ends: BodyEnd[] = [];
  return { ends, done: (end) => void ends.push(end) };
}
