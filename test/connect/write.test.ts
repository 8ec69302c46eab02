import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeChange, planChange } from '../../src/connect/write.ts';
import { folder } from '../cli/run.ts';

const NOON = { nowMs: Date.UTC(2026, 10, 24, 12) };
const JSON_FILE = { format: 'json', wanted: { settings: { a: 2 } } } as const;

describe('a change', () => {
  test('makes a file that is not there, for its owner alone', async () => {
    const path = join(folder(), 'deep/er/x.json');
    const change = await planChange(path, JSON_FILE);
    expect(change.before).toBeUndefined();
    expect(await makeChange(change, NOON)).toBeUndefined();
    expect(readFileSync(path, 'utf8')).toBe('{\n  "a": 2\n}\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('keeps what was there beside it, and the rights of the file', async () => {
    const dir = folder();
    const path = join(dir, 'x.json');
    writeFileSync(path, '{"a": 1}', { mode: 0o640 });
    const copy = await makeChange(await planChange(path, JSON_FILE), NOON);
    expect(copy).toBe(`${path}.20261124T120000Z.bak`);
    expect(readFileSync(copy ?? '', 'utf8')).toBe('{"a": 1}');
    expect(readFileSync(path, 'utf8')).toBe('{"a": 2}');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(dir).sort()).toEqual(['x.json', 'x.json.20261124T120000Z.bak']);
  });

  test('goes to the file that a link leads to, and the link stays', async () => {
    const dir = folder({ 'dotfiles/x.json': '{"a": 1}' });
    const path = join(dir, 'x.json');
    symlinkSync(join(dir, 'dotfiles/x.json'), path);
    await makeChange(await planChange(path, JSON_FILE), NOON);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(dir, 'dotfiles/x.json'), 'utf8')).toBe('{"a": 2}');
  });

  test('leaves all as it is where a copy of the same second is there already', async () => {
    const dir = folder({ 'x.json': '{"a": 1}', 'x.json.20261124T120000Z.bak': 'older' });
    const path = join(dir, 'x.json');
    await expect(makeChange(await planChange(path, JSON_FILE), NOON)).rejects.toThrow('EEXIST');
    expect(readFileSync(path, 'utf8')).toBe('{"a": 1}');
    expect(readdirSync(dir).sort()).toEqual(['x.json', 'x.json.20261124T120000Z.bak']);
  });

  test('is not made beside another one under way', async () => {
    const dir = folder({ 'x.json': '{"a": 1}', 'x.json.waygate-new': '' });
    const path = join(dir, 'x.json');
    await expect(makeChange(await planChange(path, JSON_FILE), NOON)).rejects.toThrow(
      `\`${path}\` cannot be written; if \`${path}.waygate-new\` is there, delete it`,
    );
    expect(readFileSync(path, 'utf8')).toBe('{"a": 1}');
  });
});

describe('a file that cannot be read or edited', () => {
  const advice = 'mend it, or put in by hand what `waygate connect` prints without `--write`';

  test.each([
    ['{"key": "sk-secret', 'it is not JSON'],
    [Buffer.from([0x7b, 0xff, 0x7d]), 'it cannot be read as text'],
  ])('%j is refused with the reason, and with nothing of what is in it', async (content, reason) => {
    const path = join(folder(), 'x.json');
    writeFileSync(path, content);
    await expect(planChange(path, JSON_FILE)).rejects.toThrow(
      new Error(`\`${path}\` is left as it is: ${reason}; ${advice}`),
    );
  });

  test('a folder in its place is refused', async () => {
    const path = join(folder(), 'x.json');
    mkdirSync(path);
    await expect(planChange(path, JSON_FILE)).rejects.toThrow('it cannot be read as text');
  });
});
