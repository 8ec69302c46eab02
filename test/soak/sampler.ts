// What a gateway holds while nothing is under way.
import { type Inspector, inspect } from '../support/inspector.ts';
import { openFilesOf, rssOf } from '../support/proc.ts';
import type { Waygate } from '../support/waygate.ts';

export interface Sample {
  /** Since the load began. */
  readonly seconds: number;
  readonly calls: number;
  /** After a full collection. Megabytes, as are the next two. */
  readonly heap: number;
  readonly external: number;
  readonly rss: number;
  readonly files: number;
  /** Timers, sockets and the like that keep the event loop going. */
  readonly handles: number;
  /** Of the event loop since the last sample, without what sampling took. Milliseconds. */
  readonly delayP99: number;
  readonly delayMax: number;
}

export interface Sampler {
  take(at: Pick<Sample, 'seconds' | 'calls'>): Promise<Sample>;
  close(): void;
}

const MEGABYTE = 1_048_576;
const NANOSECONDS = 1e6;
const RESOLUTION_MS = 10;
/** For what calls leave behind: settlements, audit entries, spans. */
const AFTERMATH_MS = 150;

const WATCH = `globalThis.soakDelay = process.getBuiltinModule('node:perf_hooks')
  .monitorEventLoopDelay({ resolution: ${RESOLUTION_MS} }); soakDelay.enable(); true`;
const DELAY = '({ p99: soakDelay.percentile(99), max: soakDelay.max })';
const AGAIN = 'soakDelay.reset(); process.getActiveResourcesInfo().length';

/** Of a gateway that was started with its inspector. */
export async function sampler(waygate: Waygate): Promise<Sampler> {
  const inspector: Inspector = await inspect(waygate.output());
  await inspector.evaluate(WATCH);
  return {
    async take(at) {
      await new Promise((resolve) => setTimeout(resolve, AFTERMATH_MS));
      const delay = await inspector.evaluate<{ p99: number; max: number }>(DELAY);
      const heap = await inspector.heap();
      const handles = await inspector.evaluate<number>(AGAIN);
      return {
        ...at,
        heap: heap.used / MEGABYTE,
        external: heap.external / MEGABYTE,
        rss: rssOf(waygate.pid),
        files: openFilesOf(waygate.pid),
        handles,
        delayP99: delay.p99 / NANOSECONDS - RESOLUTION_MS,
        delayMax: delay.max / NANOSECONDS - RESOLUTION_MS,
      };
    },
    close: () => inspector.close(),
  };
}
