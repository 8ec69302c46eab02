import { appendFileSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Anchor } from '../../src/audit/anchor.ts';
import { type Head, type Sealed, seal } from '../../src/audit/chain.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { auditBench, auditDir, entry, filesIn, NOW_MS, toldIn } from './bench.ts';

interface Written {
  readonly dir: string;
  readonly path: string;
  readonly anchor: Anchor;
  /** Changes the lines of the only file. */
  readonly tamper: (change: (lines: string[]) => void) => void;
}

/** A closed chain of eight lines, anchored at its end: start, three calls, stop. */
async function written(): Promise<Written> {
  const { dir, log } = await auditBench();
  for (const call of ['a', 'b', 'c']) {
    await log.append(entry('permit', call));
    await log.append(entry('outcome', call));
  }
  await log.close();
  const path = join(dir, filesIn(dir)[0] ?? '');
  return {
    dir,
    path,
    anchor: { ...log.head, atMs: NOW_MS },
    tamper(change) {
      const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
      change(lines);
      writeFileSync(path, `${lines.join('\n')}\n`);
    },
  };
}

function headOf(line: string | undefined, chain: string): Head {
  const { seq, hash } = JSON.parse(line ?? '') as { seq: number; hash: string };
  return { chain, seq, hash };
}

function textOf({ line }: Sealed): string {
  return Buffer.concat(line).toString().trimEnd();
}

/** Writes every line from `index` on anew, hashes and all: what somebody does who knows how the chain is made. */
function rechain(lines: string[], index: number, chain: string): void {
  let head = headOf(lines[index - 1], chain);
  for (let at = index; at < lines.length; at += 1) {
    const { seq: _seq, hash: _hash, ...members } = JSON.parse(lines[at] ?? '') as Record<string, unknown>;
    const sealed = seal(head, JSON.stringify(members));
    lines[at] = textOf(sealed);
    head = sealed.head;
  }
}

describe('verifying an audit', () => {
  test('an untouched chain is whole, and nothing is left to say', async () => {
    const { dir, anchor } = await written();
    expect(await verifyAudit([dir], [anchor])).toEqual({
      ok: true,
      chains: [{ chain: anchor.chain, files: 1, lines: 8, seq: 8, closed: true, anchoredTo: 8, openPermits: 0 }],
      findings: [],
      notes: [],
    });
  });

  test.each<[string, (lines: string[], chain: string) => void, string[], number[]]>([
    ['an edit', (lines) => void (lines[3] = (lines[3] ?? '').replace('"call":"b"', '"call":"x"')), ['edited'], [4]],
    [
      'an edit of the last line',
      (lines) => void (lines[7] = (lines[7] ?? '').replace('stop', 'rest')),
      ['edited'],
      [8],
    ],
    [
      'an edit with its own hash made anew',
      (lines, chain) => {
        const before = [...lines];
        lines[3] = (lines[3] ?? '').replace('"call":"b"', '"call":"x"');
        rechain(lines, 3, chain);
        lines.splice(4, 4, ...before.slice(4));
      },
      ['edited'],
      [5],
    ],
    ['a deletion', (lines) => void lines.splice(3, 1), ['deleted'], [4]],
    ['a deletion of several lines', (lines) => void lines.splice(2, 4), ['deleted'], [3]],
    ['a deletion of the first line', (lines) => void lines.splice(0, 1), ['deleted'], [1]],
    [
      'two lines swapped',
      (lines) => void lines.splice(3, 2, lines[4] ?? '', lines[3] ?? ''),
      ['deleted', 'misplaced'],
      [4, 5],
    ],
    ['a line repeated', (lines) => void lines.splice(4, 0, lines[3] ?? ''), ['misplaced'], [5]],
    [
      'a line forged at the end',
      (lines, chain) => void lines.push(textOf(seal(headOf(lines[7], chain), '{"kind":"permit","call":"z"}'))),
      ['appended'],
      [9],
    ],
    [
      'a line forged at the end without a hash',
      (lines) => void lines.push('{"seq":9,"kind":"permit"}'),
      ['edited'],
      [9],
    ],
    ['a line of rubbish in the middle', (lines) => void (lines[3] = 'rubbish'), ['edited'], [4]],
    ['an empty line', (lines) => void lines.splice(3, 0, ''), ['edited', 'misplaced'], [4, 5]],
  ])('%s shows, at its line', async (_, change, kinds, at) => {
    const { dir, anchor, tamper } = await written();
    tamper((lines) => change(lines, anchor.chain));
    const { ok, findings } = await verifyAudit([dir], []);
    expect(ok).toBe(false);
    expect(findings.map(({ kind }) => kind)).toEqual(kinds);
    expect(findings.map(({ line }) => line)).toEqual(at);
    expect(findings[0]?.file).toBe(filesIn(dir)[0]);
  });

  test('lines cut off the end show by the head in the store, and without one the report says that they would not', async () => {
    const { dir, anchor, tamper } = await written();
    tamper((lines) => void lines.splice(5));
    expect(await verifyAudit([dir], [anchor])).toMatchObject({ ok: false, findings: [{ kind: 'cut' }] });
    const alone = await verifyAudit([dir]);
    expect(alone.ok).toBe(true);
    expect(alone.notes.map(({ kind }) => kind)).toEqual(['unclosed', 'unanchored']);
  });

  test('a chain written anew, hashes and all, shows by the head in the store', async () => {
    const { dir, anchor, tamper } = await written();
    tamper((lines) => {
      lines[3] = (lines[3] ?? '').replace('"call":"b"', '"call":"x"');
      rechain(lines, 3, anchor.chain);
    });
    expect(await verifyAudit([dir], [])).toMatchObject({ ok: true });
    expect(await verifyAudit([dir], [anchor])).toMatchObject({ ok: false, findings: [{ kind: 'rewritten' }] });
  });

  test('lines since the last head in the store are named as not vouched for', async () => {
    const { dir, anchor, path } = await written();
    const early = headOf(readFileSync(path, 'utf8').split('\n')[5], anchor.chain);
    const { ok, notes } = await verifyAudit([dir], [{ ...early, atMs: NOW_MS }]);
    expect(ok).toBe(true);
    expect(notes).toMatchObject([{ kind: 'unanchored', detail: 'the store does not vouch for lines 7 to 8' }]);
  });

  test('a chain whose files are all gone shows by the head in the store', async () => {
    const { dir, anchor } = await written();
    for (const name of filesIn(dir)) rmSync(join(dir, name));
    expect(await verifyAudit([dir], [anchor])).toMatchObject({
      ok: false,
      findings: [{ kind: 'chain-missing', chain: anchor.chain }],
    });
  });

  test.each([0, 1, 2])('file %i of a chain that is gone shows', async (index) => {
    const { dir, log } = await auditBench({ config: { maxFileBytes: 1 } });
    for (const call of ['a', 'b']) await log.append(entry('permit', call));
    await log.close();
    expect(filesIn(dir)).toHaveLength(4);
    unlinkSync(join(dir, filesIn(dir)[index] ?? ''));
    const { findings } = await verifyAudit([dir], [{ ...log.head, atMs: NOW_MS }]);
    expect(findings.map(({ kind }) => kind)).toEqual(['file-missing']);
  });

  test('the last file of a chain that is gone shows by the head in the store', async () => {
    const { dir, log } = await auditBench({ config: { maxFileBytes: 1 } });
    await log.append(entry('permit', 'a'));
    await log.close();
    unlinkSync(join(dir, filesIn(dir).at(-1) ?? ''));
    const { findings } = await verifyAudit([dir], [{ ...log.head, atMs: NOW_MS }]);
    expect(findings.map(({ kind }) => kind)).toEqual(['cut']);
  });

  test('a line that a crash tore is told as such, not as tampering', async () => {
    const { dir, log } = await auditBench();
    await log.append(entry('permit', 'a'));
    const path = join(dir, filesIn(dir)[0] ?? '');
    appendFileSync(path, '{"seq":3,"at":17639000');
    const { ok, notes, chains } = await verifyAudit([dir], [{ ...log.head, atMs: NOW_MS }]);
    expect(ok).toBe(true);
    expect(notes).toMatchObject([{ kind: 'torn', line: 3 }, { kind: 'unclosed' }]);
    expect(chains[0]).toMatchObject({ seq: 2, openPermits: 1 });
    await log.close();
  });

  test('bytes that are no UTF-8 are an edit, even where they decode to the same text', async () => {
    const { dir, log } = await auditBench();
    await log.append(entry('permit', 'odd \ufffd'));
    await log.append(entry('permit', 'b'));
    await log.close();
    const path = join(dir, filesIn(dir)[0] ?? '');
    const bytes = readFileSync(path);
    const at = bytes.indexOf(Buffer.from('\ufffd'));
    writeFileSync(path, Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff]), bytes.subarray(at + 3)]));
    expect((await verifyAudit([dir])).findings).toMatchObject([{ kind: 'edited', line: 2 }]);
  });

  test('a file without an end of line is read without filling the memory', async () => {
    const dir = auditDir();
    const path = join(dir, 'audit-x-000001.jsonl');
    writeFileSync(path, '');
    truncateSync(path, 200_000_000);
    const before = process.memoryUsage().rss;
    expect((await verifyAudit([dir])).notes[0]).toMatchObject({ kind: 'torn' });
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  });

  test('files of others are not looked at', async () => {
    const { dir } = await written();
    writeFileSync(join(dir, 'notes.txt'), 'x');
    expect((await verifyAudit([dir])).chains).toHaveLength(1);
  });

  test('whatever was appended, and wherever a crash cut it, every acknowledged line stands and the whole lines verify', async () => {
    const step = fc.constantFrom('permit', 'outcome', 'refusal', 'turn', 'fail');
    const history = fc.array(step, { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(history, fc.double({ min: 0, max: 1, noNaN: true }), async (steps, cut) => {
        const { dir, log, disk, until } = await auditBench({ config: { maxFileBytes: 900 } });
        const acknowledged: string[] = [];
        const waiting: Promise<unknown>[] = [];
        for (const [index, kind] of steps.entries()) {
          if (kind === 'turn') await Promise.all(waiting);
          else if (kind === 'fail') {
            disk('full');
            await log.append(entry('permit', 'refused')).catch(() => {});
            disk('well');
            await until('up');
          } else {
            const added = log.append(entry(kind, `c${index}`)).then(() => acknowledged.push(`${kind} c${index}`));
            waiting.push(added.catch(() => {}));
          }
        }
        await Promise.all(waiting);
        expect(toldIn(dir).filter((told) => told.includes(' '))).toEqual(acknowledged);
        const { head } = log;
        expect(await verifyAudit([dir], [{ ...head, atMs: NOW_MS }])).toMatchObject({ ok: true });
        const last = join(dir, filesIn(dir).at(-1) ?? '');
        truncateSync(last, Math.floor(readFileSync(last).length * cut));
        const crashed = await verifyAudit([dir]);
        expect(crashed.findings).toEqual([]);
        expect(crashed.chains[0]?.seq).toBeLessThanOrEqual(head.seq);
        await log.close();
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});
