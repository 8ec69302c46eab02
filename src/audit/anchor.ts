import type { AuditLog } from './log.ts';
import type { Head } from './chain.ts';

/** Keeps the heads of chains where whoever can change the files cannot reach. */
export interface AnchorStore {
  put(head: Head, atMs: number): Promise<void>;
  /** The last head of every chain that was ever put and has not been forgotten. */
  list(): Promise<readonly Anchor[]>;
}

export interface Anchor extends Head {
  readonly atMs: number;
}

export interface Anchoring {
  /** Puts the last head, once the chain has been closed. */
  close(): Promise<void>;
}

export interface AnchoringSource {
  readonly log: Pick<AuditLog, 'head'>;
  readonly store: AnchorStore;
  readonly now: () => number;
  readonly everyMs: number;
  /** Told of an anchor that could not be put; the next one covers what it would have. */
  readonly onFailure: (cause: unknown) => void;
}

/** Puts the head of a chain into the store, every so often while it grows. */
export function startAnchoring(source: AnchoringSource): Anchoring {
  let anchored = 0;
  const put = async (): Promise<void> => {
    const { head } = source.log;
    if (head.seq === anchored) return;
    try {
      await source.store.put(head, source.now());
      anchored = head.seq;
    } catch (cause) {
      source.onFailure(cause);
    }
  };
  const timer = setInterval(() => void put(), source.everyMs).unref();
  void put();
  return {
    async close() {
      clearInterval(timer);
      await put();
    },
  };
}
