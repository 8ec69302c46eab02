import type { Envelope } from './otlp-encode.ts';
import { ProtoWriter } from './proto-writer.ts';

/** One request for the collector. */
export interface SpanBatch {
  readonly bytes: Buffer;
  readonly spans: number;
}

/** Spans in one request at most. */
const BATCH_SPANS = 512;
const BUFFER_BYTES = 1_048_576;
/** Room for any one span: some forty attributes of 512 characters (1.5 KiB), three lists of 16 such texts, and the envelope. */
const SPAN_BYTES_MAX = 262_144;

/** Spans on their way into the next request, already encoded. */
export class SpanBuffer {
  readonly #writer = new ProtoWriter(BUFFER_BYTES);
  readonly #envelope: Envelope;
  readonly #end = BUFFER_BYTES;
  #spans = 0;

  constructor(envelope: Envelope) {
    this.#envelope = envelope;
  }

  get spans(): number {
    return this.#spans;
  }

  /** Where the next span is written to; tell `added` afterwards. */
  get writer(): ProtoWriter {
    return this.#writer;
  }

  /** True once it is time to `seal`. */
  added(): boolean {
    this.#spans += 1;
    return this.#spans >= BATCH_SPANS || this.#writer.at < SPAN_BYTES_MAX;
  }

  /** Everything so far as one request; the buffer is empty afterwards. */
  seal(): SpanBatch {
    this.#envelope.wrap(this.#writer, this.#end);
    const batch = { bytes: this.#writer.take(), spans: this.#spans };
    this.#spans = 0;
    return batch;
  }
}
