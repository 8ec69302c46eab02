// Notices to people by signed webhook, off the way of every request.
// INVARIANT: whoever sends a notice never waits for it, and a receiver that is gone costs bounded memory and time.
import { createHmac } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { OutboundClient } from './client.ts';

export interface WebhookSource {
  readonly client: Pick<OutboundClient, 'post'>;
  readonly url: string;
  /** Signs the notices. Without it they go unsigned. */
  readonly secret: string | undefined;
  readonly clock: Clock;
  /** Does work once, later. Returns what calls it off. */
  readonly after: (ms: number, work: () => void) => () => void;
  /** Told of each notice that did not arrive, with why: the notice's id, never its text. */
  readonly onLost: (id: string, why: string) => void;
}

export interface Webhook {
  /** Queues a notice; its `id` is the same in every try, so that a receiver can tell a repeat. */
  send(id: string, body: Readonly<Record<string, unknown>>): void;
  /** What is queued or under way. */
  readonly size: number;
  /** Takes nothing more, drops what waits, and ends with what is under way. */
  close(): Promise<void>;
}

const QUEUE_MAX = 1_000;
const TOGETHER_MAX = 4;
/** Before the second and the third try. */
const BACKOFF_MS = [1_000, 10_000] as const;

interface Notice {
  readonly id: string;
  readonly body: string;
  tries: number;
}

/** `t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>`. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

/** Opens a webhook to one receiver. */
export function webhook(source: WebhookSource): Webhook {
  return new QueuedWebhook(source);
}

class QueuedWebhook implements Webhook {
  readonly #source: WebhookSource;
  readonly #queue: Notice[] = [];
  readonly #underWay = new Set<Promise<void>>();
  /** Notices that are tried again later, with what calls that off. */
  readonly #later = new Map<Notice, () => void>();
  #isClosed = false;

  constructor(source: WebhookSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#queue.length + this.#underWay.size + this.#later.size;
  }

  send(id: string, body: Readonly<Record<string, unknown>>): void {
    if (this.#isClosed) return this.#source.onLost(id, 'the gateway is ending');
    if (this.size >= QUEUE_MAX) return this.#source.onLost(id, `${QUEUE_MAX} notices wait already`);
    this.#queue.push({ id, body: JSON.stringify(body), tries: 0 });
    this.#next();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const callOff of this.#later.values()) callOff();
    const dropped = [...this.#later.keys(), ...this.#queue.splice(0)];
    this.#later.clear();
    for (const { id } of dropped) this.#source.onLost(id, 'the gateway is ending');
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #next(): void {
    while (this.#underWay.size < TOGETHER_MAX) {
      const notice = this.#queue.shift();
      if (!notice) return;
      const trying: Promise<void> = this.#try(notice).finally(() => {
        this.#underWay.delete(trying);
        this.#next();
      });
      this.#underWay.add(trying);
    }
  }

  async #try(notice: Notice): Promise<void> {
    notice.tries += 1;
    const failure = await this.#post(notice);
    if (failure === undefined) return;
    const pause = BACKOFF_MS[notice.tries - 1];
    if (!failure.mayPass || pause === undefined || this.#isClosed) {
      this.#source.onLost(notice.id, failure.why);
      return;
    }
    const again = (): void => {
      this.#later.delete(notice);
      this.#queue.push(notice);
      this.#next();
    };
    this.#later.set(notice, this.#source.after(pause, again));
  }

  /** Undefined where the receiver took it. */
  async #post({ id, body }: Notice): Promise<{ readonly why: string; readonly mayPass: boolean } | undefined> {
    const { client, url, secret, clock } = this.#source;
    const seconds = Math.floor(clock.now() / 1_000);
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'waygate-delivery': id,
      ...(secret !== undefined && { 'waygate-signature': signatureOf(secret, seconds, body) }),
    };
    try {
      const { status } = await client.post(url, { headers, body });
      if (status >= 200 && status < 300) return undefined;
      return { why: `the receiver answered ${status}`, mayPass: status >= 500 || status === 429 || status === 408 };
    } catch (error) {
      return { why: (error as Error).message, mayPass: true };
    }
  }
}
