// The list of attacks as data: each row has its cases here, or a test elsewhere that holds it, or says why it does not apply yet.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

interface Row {
  readonly id: string;
  readonly what: string;
  /** Files beside this one that have cases of it. */
  readonly cases?: readonly string[];
  /** `file: title` of tests elsewhere; a file alone where its table is the case. */
  readonly held?: readonly string[];
  /** Where Waygate goes another way, and why. */
  readonly note?: string;
  /** Why it does not apply yet. */
  readonly later?: string;
}

const HERE = fileURLToPath(new URL('./', import.meta.url));
const ROOT = join(HERE, '../../..');
const rows = JSON.parse(readFileSync(join(HERE, 'rows.json'), 'utf8')) as readonly Row[];
const files = readdirSync(HERE).filter((name) => name.endsWith('.test.ts') && name !== 'rows.test.ts');

/** Rows that titles of tests and of their cases begin with. */
function rowsIn(file: string): ReadonlySet<string> {
  const titles = readFileSync(join(HERE, file), 'utf8').matchAll(/['"`]((?:[A-Z]-\d\d(?: |(?=['"`])))+)/g);
  return new Set([...titles].flatMap(([, ids = '']) => ids.trim().split(' ')));
}
const found = new Map(files.map((file) => [file.replace('.test.ts', ''), rowsIn(file)]));

describe('every row of the attack list that applies has a case', () => {
  test.each(rows)('$id $what', ({ id, cases = [], held = [], later }) => {
    expect(cases.length + held.length > 0).toBe(later === undefined);
    for (const file of cases) expect([...(found.get(file) ?? [])], file).toContain(id);
    for (const place of held) {
      const [file = '', title = ''] = place.split(': ');
      expect(readFileSync(join(ROOT, file), 'utf8'), place).toContain(title);
    }
  });
});

test('every case belongs to a row, and every row says where all its cases are', () => {
  const told = new Set(rows.flatMap(({ id, cases = [] }) => cases.map((file) => `${id} ${file}`)));
  const there = new Set([...found].flatMap(([file, ids]) => [...ids].map((id) => `${id} ${file}`)));
  expect([...there].sort()).toEqual([...told].sort());
});

test('no row is there twice, and none has gone', () => {
  const ids = rows.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const sections = Object.entries(Object.groupBy(ids, (id) => id.slice(0, 1))).map(
    ([key, list]) => `${key} ${list?.length}`,
  );
  expect(sections).toEqual(['J 19', 'F 15', 'H 5', 'X 2', 'P 16', 'L 5', 'D 6', 'S 10', 'K 8', 'U 10', 'M 12', 'A 2', 'R 7']);
});
