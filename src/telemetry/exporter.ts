// Spans on their way to the collector.
// INVARIANT: nothing here waits on the call path, and what the collector does not take in time is dropped and counted.
import type { Envelope } from './otlp-encode.ts';
import type { Collector } from './otlp-post.ts';
import type { ProtoWriter } from './proto-writer.ts';
import { type SpanBatch, SpanBuffer } from './span-buffer.ts';

export interface ExporterSource {
  readonly envelope: Envelope;
  readonly collector: Collector;
  /** Told of every span that will never reach the collector. */
  readonly onDrop: (spans: number, reason: string) => void;
  /** Longest time that a span waits for others to go with it. */
  readonly flushMs?: number;
  /** Before the second try; doubles with each further one. */
  readonly retryMs?: number;
}

/** Spans that wait, in all batches together. */
const QUEUE_SPANS = 4_096;
const QUEUE_BYTES = 8_388_608;
const TRIES = 5;
const FLUSH_MS = 1_000;
const RETRY_MS = 1_000;

export class SpanExporter {
  readonly #source: ExporterSource;
  readonly #buffer: SpanBuffer;
  readonly #flushMs: number;
  readonly #retryMs: number;
  readonly #queue: SpanBatch[] = [];
  #queuedSpans = 0;
  #queuedBytes = 0;
  #flushTimer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #closing = false;

  constructor(source: ExporterSource) {
    this.#source = source;
    this.#buffer = new SpanBuffer(source.envelope);
    this.#flushMs = source.flushMs ?? FLUSH_MS;
    this.#retryMs = source.retryMs ?? RETRY_MS;
  }

  /** Takes a span: `write` is handed the writer and must write exactly one. */
  add(write: (writer: ProtoWriter) => void): void {
    write(this.#buffer.writer);
    if (this.#buffer.added()) this.#flush();
    else this.#flushTimer ??= setTimeout(() => this.#flush(), this.#flushMs).unref();
  }

  /** Sends what is there, once; what the collector has not taken within `withinMs` is dropped. */
  async close(withinMs: number): Promise<void> {
    this.#closing = true;
    this.#flush();
    this.#wake?.();
    const deadline = setTimeout(() => this.#source.collector.close(), withinMs).unref();
    await this.#sending;
    clearTimeout(deadline);
    this.#source.collector.close();
  }

  #flush(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    if (this.#buffer.spans === 0) return;
    const batch = this.#buffer.seal();
    if (this.#queuedSpans + batch.spans > QUEUE_SPANS || this.#queuedBytes + batch.bytes.length > QUEUE_BYTES) {
      this.#source.onDrop(batch.spans, 'the queue is full');
      return;
    }
    this.#queue.push(batch);
    this.#queuedSpans += batch.spans;
    this.#queuedBytes += batch.bytes.length;
    this.#sending ??= this.#drain().finally(() => {
      this.#sending = undefined;
    });
  }

  async #drain(): Promise<void> {
    for (let batch = this.#queue[0]; batch; batch = this.#queue[0]) {
      await this.#send(batch);
      this.#queue.shift();
      this.#queuedSpans -= batch.spans;
      this.#queuedBytes -= batch.bytes.length;
    }
  }

  async #send(batch: SpanBatch): Promise<void> {
    let reason = '';
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const posted = await this.#source.collector.post(batch.bytes);
      if (posted.kind === 'taken') return;
      reason = posted.reason;
      if (posted.kind === 'refused' || this.#closing) break;
      await this.#pause(posted.afterMs ?? this.#retryMs * 2 ** attempt);
    }
    this.#source.onDrop(batch.spans, reason);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
