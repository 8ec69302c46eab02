// Reads the audit while it grows: what stands at this very moment, without waiting for anything.
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { parseSegment } from '../../src/audit/segment.ts';

/** A line of the audit as the oracle reads it; src/audit/entry.ts says all of it. */
export interface AuditLine {
  readonly at: number;
  readonly kind: string;
  readonly chain: string;
  readonly call?: string;
  readonly body?: { readonly sha256: string };
  readonly decision?: { readonly effect: string; readonly revision: string };
  readonly quote?: AuditCharge;
  readonly cost?: AuditCharge;
  readonly standings?: readonly { readonly quota: string }[];
  readonly ending?: string;
  readonly status?: number;
  readonly durationMs?: number;
  readonly error?: { readonly code: string };
  /** Of a gap: entries that will never stand. */
  readonly lost?: number;
}

export interface AuditCharge {
  readonly tokens: number;
  readonly usdMicros: number;
}

interface Tail {
  offset: number;
  rest: string;
  readonly chain: string;
}

/** Follows every file of some folders, also those that appear later. */
export class AuditTail {
  readonly lines: AuditLine[] = [];
  readonly #permits = new Map<string, number>();
  readonly #tails = new Map<string, Tail>();
  readonly #dirs: Set<string>;

  constructor(dirs: readonly string[] = []) {
    this.#dirs = new Set(dirs);
  }

  follow(dir: string): void {
    this.#dirs.add(dir);
  }

  /** Permits that stand for a body, by its SHA-256. */
  permitsOf(sha256: string): number {
    this.read();
    return this.#permits.get(sha256) ?? 0;
  }

  /** Takes in what was written since. */
  read(): readonly AuditLine[] {
    for (const dir of this.#dirs) for (const name of namesIn(dir)) this.#readFile(dir, name);
    return this.lines;
  }

  #readFile(dir: string, name: string): void {
    const chain = parseSegment(name)?.chain;
    if (chain === undefined) return;
    const path = join(dir, name);
    const tail = this.#tails.get(path) ?? { offset: 0, rest: '', chain };
    this.#tails.set(path, tail);
    const fd = openSync(path, 'r');
    const buffer = Buffer.allocUnsafe(1 << 16);
    // A write that failed half-way is cut off again.
    const { size: now } = fstatSync(fd);
    if (now < tail.offset) {
      tail.rest = tail.rest.slice(0, Math.max(0, tail.rest.length - (tail.offset - now)));
      tail.offset = now;
    }
    for (let size = 1; size > 0;) {
      size = readSync(fd, buffer, 0, buffer.length, tail.offset);
      tail.offset += size;
      tail.rest += buffer.toString('latin1', 0, size);
    }
    closeSync(fd);
    const lines = tail.rest.split('\n');
    tail.rest = lines.pop() ?? '';
    for (const line of lines) this.#take(line, chain);
  }

  #take(text: string, chain: string): void {
    const line = { ...(JSON.parse(text) as Omit<AuditLine, 'chain'>), chain };
    this.lines.push(line);
    const { kind, body } = line;
    if (kind === 'permit' && body) this.#permits.set(body.sha256, (this.#permits.get(body.sha256) ?? 0) + 1);
  }
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir).sort();
  } catch {
    return [];
  }
}
