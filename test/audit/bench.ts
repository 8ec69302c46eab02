// An audit in a folder of its own, on a clock that stands still, and the ways in which a disk fails.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { AuditEntry } from '../../src/audit/entry.ts';
import { openFile, type OpenFile } from '../../src/audit/file.ts';
import { type AuditLog, openAudit } from '../../src/audit/log.ts';
import { type AuditConfig, auditSchema } from '../../src/audit/schema.ts';

export const NOW_MS = 1_763_900_000_000;

export function auditDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'waygate-audit-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** What the disk does from now on. */
export type Disk = 'well' | 'full' | 'hangs' | 'sync-fails';

export interface AuditBench {
  readonly dir: string;
  readonly log: AuditLog;
  /** Lines of each write so far. */
  readonly writes: readonly number[];
  readonly syncs: () => number;
  readonly changes: readonly string[];
  /** Changes what the disk does. A write that hangs goes on as soon as the disk does anything else. */
  readonly disk: (does: Disk) => void;
  /** Resolves once the audit has told of that change. */
  readonly until: (state: 'up' | 'down') => Promise<void>;
}

export interface BenchOptions {
  readonly config?: Partial<AuditConfig>;
  readonly open?: OpenFile;
}

export async function auditBench(options: BenchOptions = {}): Promise<AuditBench> {
  const dir = auditDir();
  const writes: number[] = [];
  const changes: string[] = [];
  let syncs = 0;
  let does: Disk = 'well';
  const released: (() => void)[] = [];
  const hanging = (): Promise<void> => new Promise((resolve) => void released.push(resolve));
  let tell = (): void => {};
  const open: OpenFile = async (path) => {
    const file = await (options.open ?? openFile)(path);
    return {
      get size() {
        return file.size;
      },
      get sound() {
        return file.sound;
      },
      async append(bytes) {
        writes.push(bytes.toString().split('\n').length - 1);
        if (does === 'hangs') await hanging();
        if (does === 'full') throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        await file.append(bytes);
      },
      async sync() {
        syncs += 1;
        if (does === 'hangs') await hanging();
        if (does === 'sync-fails') throw Object.assign(new Error('input/output error'), { code: 'EIO' });
        await file.sync();
      },
      isInPlace: () => file.isInPlace(),
      close: () => file.close(),
    };
  };
  const onChange = (state: string): void => {
    changes.push(state);
    tell();
  };
  const config = { ...auditSchema.parse({ dir }), ...options.config };
  const log = await openAudit({
    config,
    clock: { now: () => NOW_MS },
    instance: 'test',
    open,
    onChange,
    timing: { probeMs: 5, lookMs: 20 },
  });
  return {
    dir,
    log,
    writes,
    syncs: () => syncs,
    changes,
    disk(next) {
      does = next;
      for (const resolve of released.splice(0)) resolve();
    },
    until: (state) =>
      new Promise((resolve) => {
        tell = () => {
          if (changes.at(-1) === state) resolve();
        };
        tell();
      }),
  };
}

export function entry(kind: AuditEntry['kind'], call: string): AuditEntry {
  return { kind, json: JSON.stringify({ at: NOW_MS, kind, call }) };
}

/** Names of the files, in order. */
export function filesIn(dir: string): string[] {
  return readdirSync(dir).sort();
}

/** The lines of all files, as they stand. */
export function linesIn(dir: string): string[] {
  return filesIn(dir).flatMap((name) =>
    readFileSync(join(dir, name), 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  );
}

/** `kind` and, for entries of calls, `call` of every line. */
export function toldIn(dir: string): string[] {
  return linesIn(dir).map((line) => {
    const { kind, call } = JSON.parse(line) as { kind: string; call?: string };
    return call === undefined ? kind : `${kind} ${call}`;
  });
}
