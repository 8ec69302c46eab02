// The feed as server-sent events (WHATWG HTML §9.2).
import type { Clock } from '../core/clock.ts';
import type { RunStore } from '../runs/store.ts';
import { type AdminRequest, demandMethod, demandTenant, Refused } from './exchange.ts';
import type { RunFeed } from './feed.ts';
import type { FeedEvent, Topic } from './following.ts';
import { readQuery, tenantOf } from './read.ts';
import { runView } from './run-view.ts';
import { findRun } from './runs-api.ts';
import { feedQuery } from './schema.ts';

export interface FeedSource {
  readonly store: RunStore;
  readonly feed: RunFeed;
  readonly clock: Clock;
}

/** A listener that has this much unread is cut off; it asks again. */
const UNREAD_BYTES_MAX = 1_048_576;
/** So that whoever went away without a word is noticed. */
const BEAT_MS = 15_000;
const LENGTH_MS_MAX = 3_600_000;
const encoder = new TextEncoder();

/** Answers with events until the server or the token ends, or for an hour; then the listener asks again. */
export async function openFeed(source: FeedSource, request: AdminRequest): Promise<Response> {
  demandMethod(request, 'GET');
  const { tenant: named, root: run } = readQuery(feedQuery, request);
  const tenant = tenantOf(request, named);
  demandTenant(request.viewer, tenant);
  const root = run === undefined ? undefined : (await findRun(source.store, tenant, run)).root;
  const lengthMs = Math.min(LENGTH_MS_MAX, request.viewer.expiresAtMs - source.clock.now());
  const stream = feedStream(source.feed, { tenant, root }, lengthMs);
  if (!stream) throw new Refused(503, 'gateway.overloaded', 'as many listen to runs as may; try again later');
  return new Response(stream, {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  });
}

/** Undefined where as many listen as may. */
function feedStream(feed: RunFeed, topic: Topic, lengthMs: number): ReadableStream<Uint8Array> | undefined {
  let end = (): void => {};
  const { readable, write, close } = bounded(() => end());
  const leave = feed.follow(topic, (events) => write(events.map((event) => wordsOf(topic.tenant, event)).join('')));
  if (!leave) return undefined;
  const beat = setInterval(() => write(':\n\n'), BEAT_MS);
  const over = setTimeout(() => end(), Math.max(0, lengthMs));
  end = () => {
    leave();
    clearInterval(beat);
    clearTimeout(over);
    feed.signal.removeEventListener('abort', end);
    close();
  };
  feed.signal.addEventListener('abort', end);
  return readable;
}

/** A stream that is written to at will, and ends where its reader goes away or does not keep up. */
function bounded(onEnd: () => void): {
  readonly readable: ReadableStream<Uint8Array>;
  readonly write: (text: string) => void;
  readonly close: () => void;
} {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const readable = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
      },
      cancel() {
        controller = undefined;
        onEnd();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: UNREAD_BYTES_MAX }),
  );
  return {
    readable,
    write(text) {
      if (text === '') return;
      controller?.enqueue(encoder.encode(text));
      if ((controller?.desiredSize ?? 1) <= 0) onEnd();
    },
    close() {
      controller?.close();
      controller = undefined;
    },
  };
}

function wordsOf(tenant: string, event: FeedEvent): string {
  const data = 'run' in event ? runView(tenant, event.run) : {};
  return `event: ${event.kind}\ndata: ${JSON.stringify(data)}\n\n`;
}
