import { openSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileOn, openFile, type OpenFile } from '../../src/audit/file.ts';
import { openAudit } from '../../src/audit/log.ts';
import { auditSchema } from '../../src/audit/schema.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { auditBench, auditDir, entry, filesIn, linesIn, NOW_MS, toldIn } from './bench.ts';

const REFUSED = { code: 'audit.unavailable' };

/** Turns of the event loop, in which a write can begin and end. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('audit log', () => {
  test('a chain begins with a start, ends with a stop, and verifies', async () => {
    const { dir, log } = await auditBench();
    await log.append(entry('permit', 'a'));
    await log.append(entry('outcome', 'a'));
    await log.close();
    expect(toldIn(dir)).toEqual(['start', 'permit a', 'outcome a', 'stop']);
    expect(linesIn(dir).map((line) => JSON.parse(line).seq)).toEqual([1, 2, 3, 4]);
    expect(JSON.parse(linesIn(dir)[3] ?? '').hash).toBe(log.head.hash);
    expect(await verifyAudit([dir], [{ ...log.head, atMs: NOW_MS }])).toMatchObject({ ok: true, notes: [] });
  });

  test('a permit is acknowledged only once its line is in the file', async () => {
    const { dir, log } = await auditBench();
    await log.append(entry('permit', 'a'));
    expect(toldIn(dir)).toContain('permit a');
    await log.close();
  });

  test('everything of one turn goes out in one write, and what comes while it runs in one more', async () => {
    const { log, writes, disk, dir } = await auditBench({ config: { failTimeoutMs: 10_000 } });
    const first = Array.from({ length: 50 }, (_, index) => log.append(entry('permit', `a${index}`)));
    await turns(2);
    expect(writes).toEqual([1, 50]);
    await Promise.all(first);
    disk('hangs');
    const second = [log.append(entry('permit', 'b'))];
    await turns(2);
    for (let index = 0; index < 30; index += 1) {
      second.push(log.append(entry('permit', `c${index}`)));
      await turns(1);
    }
    disk('well');
    await Promise.all(second);
    expect(writes).toEqual([1, 50, 1, 30]);
    await log.close();
    expect(toldIn(dir)).toHaveLength(1 + 50 + 1 + 30 + 1);
  });

  test.each([
    ['always', 2],
    ['never', 0],
  ] as const)('fsync: %s forces before it acknowledges %i times', async (fsync, times) => {
    const { log, syncs } = await auditBench({ config: { fsync } });
    await log.append(entry('permit', 'a'));
    expect(syncs()).toBe(times);
    await log.close();
  });

  test('fsync: interval forces at the next interval, without holding up the write', async () => {
    const { log, syncs } = await auditBench();
    await log.append(entry('permit', 'a'));
    expect(syncs()).toBe(0);
    await expect.poll(syncs, { timeout: 5_000 }).toBeGreaterThan(0);
    await log.close();
  });

  test('a full disk refuses permits, and lets none through until it can write again', async () => {
    const { dir, log, disk, until } = await auditBench();
    disk('full');
    const started = performance.now();
    await expect(log.append(entry('permit', 'a'))).rejects.toMatchObject(REFUSED);
    await expect(log.append(entry('permit', 'b'))).rejects.toMatchObject(REFUSED);
    expect(performance.now() - started).toBeLessThan(500);
    expect(log.isUp).toBe(false);
    disk('well');
    await until('up');
    await log.append(entry('permit', 'c'));
    await log.close();
    expect(toldIn(dir)).toEqual(['start', 'gap', 'permit c', 'stop']);
    expect(JSON.parse(linesIn(dir)[1] ?? '')).toMatchObject({ sinceMs: NOW_MS, refused: 2, lost: 0 });
    expect(await verifyAudit([dir])).toMatchObject({ ok: true });
  });

  test('an outcome that could not be written closes the audit for permits, and stands once it works again', async () => {
    const { dir, log, disk, until } = await auditBench();
    await log.append(entry('permit', 'a'));
    disk('full');
    const outcome = log.append(entry('outcome', 'a'));
    await until('down');
    await expect(log.append(entry('permit', 'b'))).rejects.toMatchObject(REFUSED);
    const refusal = log.append(entry('refusal', 'b'));
    disk('well');
    await Promise.all([outcome, refusal]);
    await log.close();
    expect(toldIn(dir)).toEqual(['start', 'permit a', 'gap', 'outcome a', 'refusal b', 'stop']);
  });

  test('a disk that hangs refuses permits within the time-out; what it takes in the end still chains', async () => {
    const { dir, log, disk, until } = await auditBench({ config: { failTimeoutMs: 100 } });
    disk('hangs');
    const started = performance.now();
    const outcome = log.append(entry('outcome', 'x'));
    await expect(log.append(entry('permit', 'a'))).rejects.toMatchObject(REFUSED);
    expect(performance.now() - started).toBeLessThan(500);
    await expect(log.append(entry('permit', 'b'))).rejects.toMatchObject(REFUSED);
    disk('well');
    await outcome;
    await until('up');
    await log.append(entry('permit', 'c'));
    await log.close();
    // The call of `permit a` was refused, though its line stands: the write had begun.
    expect(toldIn(dir)).toEqual(['start', 'outcome x', 'permit a', 'gap', 'permit c', 'stop']);
    expect(await verifyAudit([dir])).toMatchObject({ ok: true });
  });

  test('a write that hung and then failed refuses each permit once and keeps the outcome', async () => {
    const { dir, log, disk, until } = await auditBench({ config: { failTimeoutMs: 100 } });
    disk('hangs');
    const outcome = log.append(entry('outcome', 'x'));
    await expect(log.append(entry('permit', 'a'))).rejects.toMatchObject(REFUSED);
    disk('full');
    await turns(5);
    disk('well');
    await until('up');
    await outcome;
    await log.close();
    expect(toldIn(dir)).toEqual(['start', 'gap', 'outcome x', 'stop']);
    expect(JSON.parse(linesIn(dir)[1] ?? '')).toMatchObject({ refused: 1, lost: 0 });
  });

  test('what a broken sink keeps is bounded; what is lost is counted in the chain', async () => {
    const { dir, log, disk, until } = await auditBench();
    disk('full');
    await expect(log.append(entry('permit', 'a'))).rejects.toMatchObject(REFUSED);
    const kept: Promise<void>[] = [];
    const lost: unknown[] = [];
    const append = (kind: 'outcome' | 'refusal', call: string): void =>
      void kept.push(log.append(entry(kind, call)).catch((error: unknown) => void lost.push(error)));
    for (let index = 0; index < 600; index += 1) append('refusal', `r${index}`);
    for (let index = 0; index < 600; index += 1) append('outcome', `o${index}`);
    disk('well');
    await until('up');
    await Promise.all(kept);
    await log.close();
    expect(lost).toHaveLength(200);
    const told = toldIn(dir);
    expect(told.filter((line) => line.startsWith('refusal'))).toHaveLength(500);
    expect(told.filter((line) => line.startsWith('outcome'))).toHaveLength(500);
    expect(JSON.parse(linesIn(dir)[1] ?? '')).toMatchObject({ kind: 'gap', refused: 1, lost: 200 });
  });

  test('after a failed sync the chain goes on in a new file', async () => {
    const { dir, log, disk, until } = await auditBench({ config: { fsync: 'always' } });
    await log.append(entry('permit', 'a'));
    disk('sync-fails');
    await expect(log.append(entry('permit', 'b'))).rejects.toMatchObject(REFUSED);
    disk('well');
    await until('up');
    await log.append(entry('permit', 'c'));
    await log.close();
    expect(filesIn(dir)).toHaveLength(2);
    // `permit b` reached the file, but nobody was told so: the chain goes on without it, and the verifier says that.
    expect(toldIn(dir)).toEqual(['start', 'permit a', 'permit b', 'rotate', 'gap', 'permit c', 'stop']);
    const report = await verifyAudit([dir]);
    expect(report.findings).toEqual([]);
    expect(report.notes.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['leftover', 'gap']));
  });

  test('a sync that fails between two calls closes the audit, and the chain goes on in a new file', async () => {
    const { dir, log, disk, until } = await auditBench();
    await log.append(entry('permit', 'a'));
    disk('sync-fails');
    await until('down');
    await expect(log.append(entry('permit', 'b'))).rejects.toMatchObject(REFUSED);
    disk('well');
    await until('up');
    await log.append(entry('permit', 'c'));
    await log.close();
    expect(filesIn(dir).length).toBeGreaterThan(1);
    expect(toldIn(dir).filter((told) => told.startsWith('permit'))).toEqual(['permit a', 'permit c']);
    expect(await verifyAudit([dir])).toMatchObject({ ok: true });
  });

  test('a full file is followed by another, in one chain', async () => {
    const { dir, log } = await auditBench({ config: { maxFileBytes: 600 } });
    for (let index = 0; index < 20; index += 1) await log.append(entry('permit', `call-${index}`));
    await log.close();
    expect(filesIn(dir).length).toBeGreaterThan(3);
    expect(toldIn(dir).filter((line) => line.startsWith('permit'))).toHaveLength(20);
    expect(await verifyAudit([dir], [{ ...log.head, atMs: NOW_MS }])).toMatchObject({ ok: true, notes: [] });
  });

  test('a file that was moved away is left for a new one', async () => {
    const { dir, log } = await auditBench();
    await log.append(entry('permit', 'a'));
    renameSync(join(dir, filesIn(dir)[0] ?? ''), join(dir, 'moved'));
    await expect
      .poll(
        async () => {
          await log.append(entry('permit', 'b'));
          return filesIn(dir).filter((name) => name.endsWith('-000002.jsonl')).length;
        },
        { timeout: 5_000 },
      )
      .toBe(1);
    await log.close();
  });

  test('a device that is full, /dev/full itself, refuses at once; the next file takes over', async () => {
    let opened = 0;
    const open: OpenFile = (path) => {
      opened += 1;
      return opened === 2 ? Promise.resolve(fileOn(openSync('/dev/full', 'w'), async () => true)) : openFile(path);
    };
    const { dir, log, until } = await auditBench({ open, config: { maxFileBytes: 1, fsync: 'never' } });
    const started = performance.now();
    await expect(log.append(entry('permit', 'a'))).rejects.toMatchObject({ ...REFUSED, cause: { code: 'ENOSPC' } });
    expect(performance.now() - started).toBeLessThan(500);
    await until('up');
    await log.append(entry('permit', 'b'));
    await log.close();
    expect(toldIn(dir)).toEqual(['start', 'rotate', 'gap', 'rotate', 'permit b', 'rotate', 'stop']);
    expect((await verifyAudit([dir])).findings.map(({ kind }) => kind)).toEqual(['file-missing']);
  });

  test('a folder that cannot be made is told at the start', async () => {
    const dir = join('/dev/null', 'audit');
    const source = { config: auditSchema.parse({ dir }), clock: { now: () => NOW_MS }, instance: 'test' };
    await expect(openAudit(source)).rejects.toMatchObject(REFUSED);
  });

  test('a closed audit takes nothing more, and says so', async () => {
    const { log } = await auditBench();
    await log.close();
    await expect(log.append(entry('permit', 'a'))).rejects.toMatchObject(REFUSED);
    await expect(log.append(entry('outcome', 'a'))).rejects.toMatchObject(REFUSED);
  });

  test('closing writes what still waits, even what a full disk had kept', async () => {
    const { dir, log, disk, until } = await auditBench();
    disk('full');
    const outcome = log.append(entry('outcome', 'a'));
    await until('down');
    disk('well');
    await log.close();
    await outcome;
    expect(toldIn(dir)).toEqual(['start', 'gap', 'outcome a', 'stop']);
  });

  test('closing does not wait for a disk that hangs', async () => {
    const { log, disk } = await auditBench({ config: { failTimeoutMs: 100 } });
    disk('hangs');
    await expect(log.append(entry('permit', 'a'))).rejects.toMatchObject(REFUSED);
    const started = performance.now();
    await log.close();
    expect(performance.now() - started).toBeLessThan(500);
  });

  test('two processes never write into one chain', async () => {
    const dir = auditDir();
    const source = { config: auditSchema.parse({ dir }), clock: { now: () => NOW_MS }, instance: 'same' };
    const [left, right] = await Promise.all([openAudit(source), openAudit(source)]);
    expect(left.head.chain).not.toBe(right.head.chain);
    await Promise.all([left.close(), right.close()]);
    expect(await verifyAudit([dir])).toMatchObject({ ok: true, chains: [{ lines: 2 }, { lines: 2 }] });
  });
});
