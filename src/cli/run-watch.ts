// A run while its program works: what it spends, and whether somebody has stopped it for good.
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import type { RunView } from '../admin/run-view.ts';
import type { AdminClient } from './admin-client.ts';
import { stopOf } from './runs-table.ts';

/** What a look at the run finds. */
export interface Seen {
  /** Undefined where only its key was tried. */
  readonly view: RunView | undefined;
  /** Why nothing of it will run again; undefined while it may go on. */
  readonly over: string | undefined;
}

/** Looks once. Rejects where nobody answers. */
export type Look = () => Promise<Seen>;

/** Through the operators' API. */
export function adminLook(client: AdminClient, path: string): Look {
  return async () => {
    const view = (await client.call('GET', path)) as RunView;
    const isOver = view.state === 'killed' || view.state === 'done';
    const [stop] = view.stops;
    return { view, over: isOver ? (stop ? stopOf(stop) : view.state) : undefined };
  };
}

const ANSWER_MS = 10_000;
const OVER = /run\.(?:killed|ended)/;

/** With the run's own key, where no operator is at hand: a list costs nothing and is no step, but is refused with the run. */
export function keyLook(url: string, key: string): Look {
  return async () => {
    const request = url.startsWith('https:') ? requestHttps : requestHttp;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = { authorization: `Bearer ${key}` };
    const sent = request(`${url}/v1/models`, { agent: false, signal: AbortSignal.timeout(ANSWER_MS), headers });
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.end();
    const answer = await promise;
    const said = await text(answer);
    const isOver = answer.statusCode === 401 || (answer.statusCode === 403 && OVER.test(said));
    return { view: undefined, over: isOver ? messageOf(said) : undefined };
  };
}

function messageOf(said: string): string {
  try {
    const { error } = JSON.parse(said) as { readonly error?: { readonly message?: string } };
    return error?.message ?? 'its key is refused';
  } catch {
    return 'its key is refused';
  }
}

export interface Watch {
  stop(): void;
}

/** Looks again and again. What does not answer is asked again: a run goes on while its gateway restarts. */
export function watchRun(
  look: Look,
  { everyMs, onSeen }: { readonly everyMs: number; readonly onSeen: (seen: Seen) => void },
): Watch {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  const again = async (): Promise<void> => {
    const seen = await look().catch(() => undefined);
    if (isStopped) return;
    if (seen) onSeen(seen);
    timer = setTimeout(() => void again(), everyMs);
  };
  void again();
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
