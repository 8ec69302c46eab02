import { existsSync, openSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileOn, openFile } from '../../src/audit/file.ts';
import { auditDir } from './bench.ts';

describe('audit file', () => {
  test('grows by what is appended, and nobody else may read it', async () => {
    const path = join(auditDir(), 'deep', 'file');
    const file = await openFile(path);
    await file.append(Buffer.from('one'));
    await file.append(Buffer.from('two'));
    await file.sync();
    expect(readFileSync(path, 'utf8')).toBe('onetwo');
    expect([file.size, file.sound]).toEqual([6, true]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    await file.close();
  });

  test('an existing file and a link are never written into', async () => {
    const dir = auditDir();
    writeFileSync(join(dir, 'there'), 'x');
    symlinkSync(join(dir, 'elsewhere'), join(dir, 'link'));
    await expect(openFile(join(dir, 'there'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(openFile(join(dir, 'link'))).rejects.toMatchObject({ code: 'EEXIST' });
    expect(existsSync(join(dir, 'elsewhere'))).toBe(false);
  });

  test('a file that was moved or deleted is not in its place', async () => {
    const path = join(auditDir(), 'file');
    const file = await openFile(path);
    expect(await file.isInPlace()).toBe(true);
    renameSync(path, `${path}.1`);
    expect(await file.isInPlace()).toBe(false);
    writeFileSync(path, 'another');
    expect(await file.isInPlace()).toBe(false);
    await file.close();
  });

  test('a failed append adds nothing, and what cannot be cut off again makes the file unsound', async () => {
    const device = fileOn(openSync('/dev/full', 'w'), async () => true);
    await expect(device.append(Buffer.from('x'))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect([device.size, device.sound]).toEqual([0, false]);
    await device.close();
  });

  test('the beginning of a write that failed is cut off again', async () => {
    const path = join(auditDir(), 'file');
    const fd = openSync(path, 'ax');
    const file = fileOn(fd, async () => true);
    await file.append(Buffer.from('whole\n'));
    writeFileSync(fd, 'half a li');
    // No bytes at all: what fails is the write after the half line.
    await expect(file.append(undefined as never)).rejects.toThrow();
    expect(readFileSync(path, 'utf8')).toBe('whole\n');
    expect(file.sound).toBe(true);
    await file.close();
  });
});
