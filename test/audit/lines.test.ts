import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readLines } from '../../src/audit/lines.ts';
import { auditDir } from './bench.ts';

async function linesOf(path: string): Promise<[number, string, boolean][]> {
  const lines: [number, string, boolean][] = [];
  for await (const { number, bytes, whole } of readLines(path)) lines.push([number, bytes.toString(), whole]);
  return lines;
}

describe('lines of a file', () => {
  test('come out as they stand, however they lie over the pieces that are read', async () => {
    const path = join(auditDir(), 'file');
    const line = fc.integer({ min: 0, max: 70_000 }).map((length) => 'x'.repeat(length));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 6 }),
        fc.string({ maxLength: 3, unit: fc.constant('t') }),
        async (lines, torn) => {
          writeFileSync(path, lines.map((text) => `${text}\n`).join('') + torn);
          const expected = lines.map((text, index) => [index + 1, text, true]);
          expect(await linesOf(path)).toEqual(torn === '' ? expected : [...expected, [lines.length + 1, torn, false]]);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('stop where a line is longer than any can be', async () => {
    const path = join(auditDir(), 'file');
    writeFileSync(path, `first\n${'x'.repeat(5_000_000)}\nlast\n`);
    const lines = await linesOf(path);
    expect(lines.map(([number, , whole]) => [number, whole])).toEqual([
      [1, true],
      [2, false],
    ]);
  });
});
