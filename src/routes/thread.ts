import { Worker } from 'node:worker_threads';
import { GatewayError } from '../core/errors.ts';
import { unpackError } from '../protocols/packed-error.ts';
import type { Reading } from '../protocols/protocol.ts';
import { type BodyRead, type Change, movable, type Written } from './body-session.ts';
import type { Order, Report } from './body-thread.ts';

/** Of a thread's heap. The largest body within the bounds of `protocols/json.ts` takes half of it. */
const HEAP_MB = 1_024;
// Beside this file, in a clone and compiled.
const ENTRY = new URL(import.meta.url.replace(/thread(\.[jt]s)$/, 'body-thread$1'));

interface Awaited {
  resolve(report: Report): void;
  reject(error: GatewayError): void;
}

/** One thread, which does one thing at a time. */
export class Thread {
  readonly #worker = new Worker(ENTRY, { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } });
  #awaited: Awaited | undefined;
  readonly #onLost: () => void;
  isLost = false;

  constructor(onLost: () => void) {
    this.#onLost = onLost;
    this.#worker.unref();
    this.#worker.on('message', (report: Report) => this.#settle((awaited) => awaited.resolve(report)));
    this.#worker.on('error', (cause) => this.#lose(cause));
    this.#worker.on('exit', (code) => this.#lose(new Error(`the thread ended with ${code}`)));
  }

  async read({ body, ...read }: BodyRead): Promise<Reading> {
    const own = movable(body);
    const report = await this.#order({ kind: 'read', read, body: own }, [own.buffer]);
    if (report.kind !== 'reading') throw new GatewayError('gateway.internal', MIXED_UP);
    return report.reading;
  }

  async write(changes: readonly Change[]): Promise<readonly Written[]> {
    const report = await this.#order({ kind: 'write', changes }, []);
    if (report.kind !== 'written') throw new GatewayError('gateway.internal', MIXED_UP);
    return report.all.map(({ written, body: { buffer, byteOffset, byteLength } }) => ({
      ...written,
      body: Buffer.from(buffer, byteOffset, byteLength),
    }));
  }

  /** Forgets the body that was read. */
  leave(): void {
    this.#worker.postMessage({ kind: 'leave' } satisfies Order);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  async #order(order: Order, moved: ArrayBuffer[]): Promise<Exclude<Report, { kind: 'refused' }>> {
    const report = await new Promise<Report>((resolve, reject) => {
      this.#awaited = { resolve, reject };
      this.#worker.postMessage(order, moved);
    });
    if (report.kind === 'refused') throw unpackError(report.error);
    return report;
  }

  #lose(cause: Error): void {
    this.isLost = true;
    this.#onLost();
    this.#settle((awaited) => awaited.reject(lost(cause)));
  }

  #settle(settle: (awaited: Awaited) => void): void {
    const awaited = this.#awaited;
    this.#awaited = undefined;
    if (awaited) settle(awaited);
  }
}

const MIXED_UP = 'the gateway failed on this request; its log has the cause';

function lost(cause: Error): GatewayError {
  if ('code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new GatewayError('request.too_large', 'the body takes too much memory to read; send a smaller one', {
      cause,
    });
  }
  return new GatewayError('gateway.internal', MIXED_UP, { cause });
}
