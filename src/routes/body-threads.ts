// Large bodies are read in threads of their own, so that none holds up the calls beside it.
// INVARIANT: as many bodies wait as the queue holds, and no more.
// INVARIANT: a thread reads as this one would: the same functions, their refusals included.
import { GatewayError } from '../core/errors.ts';
import type { Reading } from '../protocols/protocol.ts';
import type { BodyRead, Change, Written } from './body-session.ts';
import { Thread } from './thread.ts';

/** Reads a body, then writes what leaves for each change; `choose` looks at the reading in between. Rejects with what either throws. */
export type ReadLarge = <Choice extends { readonly changes: readonly Change[] }>(
  read: BodyRead,
  choose: (reading: Reading) => Choice,
) => Promise<{ readonly reading: Reading; readonly choice: Choice; readonly written: readonly Written[] }>;

export interface BodyThreads {
  readonly read: ReadLarge;
  /** True while no further body may wait. */
  readonly isFull: boolean;
  close(): Promise<void>;
}

export interface BodyThreadsOptions {
  readonly threads: number;
  /** Bodies that may wait for a thread. */
  readonly queue: number;
  /** Told of each refusal because too many wait. */
  readonly onFull: () => void;
}

/** None is started before the first large body comes. */
export function bodyThreads({ threads, queue, onFull }: BodyThreadsOptions): BodyThreads {
  const all = new Set<Thread>();
  const idle: Thread[] = [];
  const waiting: ((thread: Thread) => void)[] = [];
  const start = (): Thread => {
    const thread = new Thread(() => {
      all.delete(thread);
      if (idle.includes(thread)) idle.splice(idle.indexOf(thread), 1);
    });
    all.add(thread);
    return thread;
  };
  const isFull = (): boolean => idle.length === 0 && all.size >= threads && waiting.length >= queue;
  const take = (): Thread | Promise<Thread> => {
    const free = idle.pop();
    if (free) return free;
    if (all.size < threads) return start();
    return new Promise((resolve) => waiting.push(resolve));
  };
  const giveBack = (thread: Thread): void => {
    const waiter = waiting.shift();
    if (waiter) waiter(thread.isLost ? start() : thread);
    else if (!thread.isLost) idle.push(thread);
  };
  return {
    get isFull() {
      return isFull();
    },
    async read(read, choose) {
      if (isFull()) {
        onFull();
        throw new GatewayError('gateway.overloaded', FULL, { retryAfterMs: 1_000 });
      }
      const thread = await take();
      try {
        const reading = await thread.read(read);
        const choice = chosen(thread, () => choose(reading));
        return { reading, choice, written: await thread.write(choice.changes) };
      } finally {
        giveBack(thread);
      }
    },
    close: async () => void (await Promise.all([...all].map((thread) => thread.end()))),
  };
}

const FULL = 'this replica has as many large requests waiting as it may hold; send the request again in a second';

function chosen<Choice>(thread: Thread, choose: () => Choice): Choice {
  try {
    return choose();
  } catch (refusal) {
    thread.leave();
    throw refusal;
  }
}
