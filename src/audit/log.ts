// Beside the way: the audit. Append-only files of JSON lines, each line bound to the one before it.
// INVARIANT: a permit is acknowledged only once its line is written; while lines cannot be written, none is.
// INVARIANT: a line gets its number and hash when it is written, so that a failed write leaves no hole in the chain.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Head } from './chain.ts';
import { type AuditEntry, chainEntry } from './entry.ts';
import type { OpenFile } from './file.ts';
import { isKept, Reserve, type Waiting } from './reserve.ts';
import type { AuditConfig } from './schema.ts';
import { ChainWriter } from './writer.ts';

export interface AuditLog {
  /**
   * Resolves once the entry is written (with `fsync: always`: on the disk). Rejects with `audit.unavailable`: a permit within
   * `failTimeoutMs`, an outcome or refusal only where it cannot be kept for later either.
   */
  append(entry: AuditEntry): Promise<void>;
  /** The same of what has happened, where nobody waits: `onLost` is told of an entry that will never stand. */
  keep(entry: AuditEntry, onLost: (error: GatewayError) => void): void;
  /** The last line that stands. */
  readonly head: Head;
  /** False while nothing can be written. */
  readonly isUp: boolean;
  /** Writes what is left, and a last line that says that nothing follows. */
  close(): Promise<void>;
}

export interface AuditSource {
  readonly config: AuditConfig;
  readonly clock: Clock;
  /** Names this process among those that write; letters, digits, `.`, `_` and `-`. */
  readonly instance: string;
  /** Told when writing fails, and when it works again. */
  readonly onChange?: (state: 'up' | 'down', cause: unknown) => void;
  /** Opens files; those of the disk unless set. */
  readonly open?: OpenFile;
  readonly timing?: {
    /** How often a broken sink is tried again. */
    readonly probeMs?: number;
    /** How often the open file is looked at, and with `fsync: interval` forced to the disk. */
    readonly lookMs?: number;
  };
}

/** Opens a chain of its own for this process. Rejects with `audit.unavailable` where its first line cannot be written. */
export async function openAudit(source: AuditSource): Promise<AuditLog> {
  const atMs = source.clock.now();
  const chain = `${source.instance}.${atMs}.${randomUUID().slice(0, 8)}`;
  const log = new ChainLog(source, chain);
  try {
    await log.append(chainEntry('start', atMs, { chain, instance: source.instance, pid: process.pid }));
  } catch (error) {
    await log.close();
    throw error;
  }
  return log;
}

const LOOK_MS = 1_000;
const PROBE_MS = 250;
/** How long an entry that nobody waits for may wait for company. */
const LATER_MS = 5;

class ChainLog implements AuditLog {
  readonly #source: AuditSource;
  readonly #writer: ChainWriter;
  readonly #reserve = new Reserve();
  #pending: Waiting[] = [];
  #state: 'idle' | 'due' | 'writing' | 'closed' = 'idle';
  #probe: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;
  #later: NodeJS.Timeout | undefined;
  #down: { readonly error: GatewayError; readonly sinceMs: number } | undefined;

  constructor(source: AuditSource, chain: string) {
    const { dir, maxFileBytes, fsync } = source.config;
    const { clock, open } = source;
    this.#source = source;
    this.#writer = new ChainWriter({ dir, chain, maxFileBytes, fsync, clock, ...(open && { open }) });
    this.#lookLater();
  }

  get head(): Head {
    return this.#writer.head;
  }

  get isUp(): boolean {
    return this.#down === undefined;
  }

  append(entry: AuditEntry): Promise<void> {
    return new Promise((resolve, reject) => this.#take({ entry, resolve, reject, refused: false }));
  }

  keep(entry: AuditEntry, onLost: (error: GatewayError) => void): void {
    this.#take({ entry, resolve: nobodyWaits, reject: onLost, refused: false });
  }

  #take(waiting: Waiting): void {
    if (this.#state === 'closed') waiting.reject(unavailable(new Error('the audit is closed')));
    else if (this.#down) this.#reserve.hold(waiting, this.#down.error);
    else {
      this.#pending.push(waiting);
      // Nobody waits for what can be kept: it goes out with the next permit, or a moment later.
      if (isKept(waiting.entry)) this.#scheduleLater();
      else this.#schedule();
    }
  }

  async close(): Promise<void> {
    if (this.#down && this.#state !== 'writing') await this.#flush();
    await this.append(chainEntry('stop', this.#source.clock.now(), {})).catch(() => {});
    // A write that hangs still has the file.
    const hangs = this.#state === 'writing';
    this.#state = 'closed';
    clearTimeout(this.#probe);
    clearTimeout(this.#looking);
    clearTimeout(this.#later);
    if (!hangs) await this.#writer.close();
  }

  // Everything of one turn of the event loop, and whatever comes while a write is under way, goes out in one write.
  #schedule(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'due';
    setImmediate(() => {
      if (this.#state === 'due') void this.#flush();
    });
  }

  #scheduleLater(): void {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      if (this.#pending.length > 0) this.#schedule();
    }, LATER_MS);
  }

  async #flush(): Promise<void> {
    this.#state = 'writing';
    const gap = this.#down;
    const batch = [...this.#reserve.take(), ...this.#pending];
    const entries = batch.map(({ entry }) => entry);
    this.#pending = [];
    const timer = setTimeout(() => this.#stall(batch), this.#source.config.failTimeoutMs).unref();
    try {
      await this.#writer.write(gap ? [this.#gapEntry(gap.sinceMs), ...entries] : entries);
      for (const { resolve } of batch) resolve();
      if (gap) this.#goUp();
    } catch (cause) {
      this.#goDown(batch, cause);
    }
    clearTimeout(timer);
    if (this.#state !== 'writing') return;
    this.#state = 'idle';
    if (this.#pending.length > 0) this.#schedule();
    if (this.#down) this.#probeLater();
  }

  #gapEntry(sinceMs: number): AuditEntry {
    return chainEntry('gap', this.#source.clock.now(), { sinceMs, ...this.#reserve.missed });
  }

  // A write that takes too long may still succeed, so what can wait for it does.
  #stall(batch: readonly Waiting[]): void {
    const cause = new Error(`a write has not ended within ${this.#source.config.failTimeoutMs} ms`);
    this.#goDown(
      batch.filter(({ entry }) => !isKept(entry)),
      cause,
    );
  }

  #goDown(batch: readonly Waiting[], cause: unknown): void {
    const error = unavailable(cause);
    if (!this.#down) this.#source.onChange?.('down', cause);
    this.#down = { error, sinceMs: this.#down?.sinceMs ?? this.#source.clock.now() };
    for (const waiting of [...batch, ...this.#pending]) this.#reserve.hold(waiting, error);
    this.#pending = [];
    this.#probeLater();
  }

  #goUp(): void {
    this.#down = undefined;
    this.#reserve.clear();
    this.#source.onChange?.('up', undefined);
  }

  // Nobody has to call for the sink to be tried: a gateway that is not ready gets no calls.
  #probeLater(): void {
    this.#probe ??= setTimeout(() => {
      this.#probe = undefined;
      this.#schedule();
    }, this.#source.timing?.probeMs ?? PROBE_MS).unref();
  }

  // One look at a time: those that a hanging disk holds would take up the threads that everything else reads files with.
  #lookLater(): void {
    this.#looking = setTimeout(() => void this.#look(), this.#source.timing?.lookMs ?? LOOK_MS).unref();
  }

  async #look(): Promise<void> {
    try {
      await this.#writer.look();
    } catch (cause) {
      if (this.#state !== 'closed') this.#goDown([], cause);
    }
    if (this.#state !== 'closed') this.#lookLater();
  }
}

function nobodyWaits(): void {}

function unavailable(cause: unknown): GatewayError {
  const message = 'the audit cannot be written, so this call was not sent; try again in a second';
  return new GatewayError('audit.unavailable', message, { cause, retryAfterMs: 1_000 });
}
