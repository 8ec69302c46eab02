import { createParser } from 'eventsource-parser';
import { remembered } from '../core/remembered.ts';
import type { UsageReader } from '../protocols/protocol.ts';

/** Reads usage beside a body that flows. */
export interface BodyReader {
  feed(chunk: Buffer): void;
  /** The body is whole. */
  end(): void;
  /** Bytes that could not be read. */
  readonly unreadBytes: number;
}

/** A larger event or document passes on, but is not kept to be read. */
export const KEPT_BYTES_MAX = 4_194_304;

/** How a body is to be read. */
export type BodyForm = 'events' | 'json' | 'other';

export const formOf = remembered((contentType): BodyForm => {
  if (/^text\/event-stream\s*(;|$)/i.test(contentType)) return 'events';
  return /^application\/([\w.-]+\+)?json\b/i.test(contentType) ? 'json' : 'other';
});

/** Reads usage of a body that is whole; gives the bytes that could not be read. */
export function readWhole(form: BodyForm, usage: UsageReader, body: Buffer): number {
  if (form !== 'json') return body.length;
  if (body.length <= KEPT_BYTES_MAX) usage.json(body);
  return usage.result.terminal ? 0 : body.length;
}

export function bodyReader(form: BodyForm, usage: UsageReader): BodyReader {
  switch (form) {
    case 'events':
      return eventReader(usage);
    case 'json':
      return jsonReader(usage);
    case 'other':
      return skipReader();
    default:
      return form satisfies never;
  }
}

function eventReader(usage: UsageReader): BodyReader {
  let overflowed = false;
  const parser = createParser({
    maxBufferSize: KEPT_BYTES_MAX,
    onEvent: ({ event, data }) => usage.event(event ?? '', data),
    onError(error) {
      if (error.type === 'max-buffer-size-exceeded') overflowed = true;
    },
  });
  const reader = {
    unreadBytes: 0,
    feed(chunk: Buffer) {
      // One character per byte: cheap, never split, and enough for keys and counts.
      if (!overflowed) parser.feed(chunk.toString('latin1'));
      if (overflowed) reader.unreadBytes += chunk.length;
    },
    end() {
      // Some providers leave out the last blank line.
      if (!overflowed) parser.feed('\n\n');
    },
  };
  return reader;
}

function jsonReader(usage: UsageReader): BodyReader {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    get unreadBytes() {
      return usage.result.terminal ? 0 : size;
    },
    feed(chunk) {
      size += chunk.length;
      if (size <= KEPT_BYTES_MAX) chunks.push(chunk);
      else chunks.length = 0;
    },
    end() {
      const [only, ...more] = chunks;
      if (size <= KEPT_BYTES_MAX) usage.json(only && more.length === 0 ? only : Buffer.concat(chunks));
    },
  };
}

function skipReader(): BodyReader {
  const reader = {
    unreadBytes: 0,
    feed(chunk: Buffer) {
      reader.unreadBytes += chunk.length;
    },
    end() {},
  };
  return reader;
}
