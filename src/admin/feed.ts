// `/api/runs/feed`: what changes in a tenant's runs, told to whoever listens, each topic read once for all its listeners.
import { Following, type FollowSource, type Listener, type Topic } from './following.ts';

export interface RunFeed {
  /** Tells a listener what happens until what this returns is called; undefined where as many listen as may. */
  follow(topic: Topic, listener: Listener): (() => void) | undefined;
  /** Ends what listens: the server does not wait for it. */
  close(): void;
  /** Aborts at `close`. */
  readonly signal: AbortSignal;
}

const EVERY_MS = 1_000;
const LISTENERS_MAX = 100;

export function runFeed(source: Omit<FollowSource, 'everyMs'> & { readonly everyMs?: number }): RunFeed {
  const follows = new Map<string, Following>();
  const over = new AbortController();
  let listening = 0;
  return {
    signal: over.signal,
    follow(topic, listener) {
      if (listening >= LISTENERS_MAX || over.signal.aborted) return undefined;
      const name = JSON.stringify([topic.tenant, topic.root ?? null]);
      const following = follows.get(name) ?? new Following(topic, { everyMs: EVERY_MS, ...source });
      follows.set(name, following);
      following.add(listener);
      listening += 1;
      return () => {
        if (!following.remove(listener)) return;
        listening -= 1;
        if (following.isIdle) follows.delete(name);
      };
    },
    close: () => over.abort(),
  };
}
