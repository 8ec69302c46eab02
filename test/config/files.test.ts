import { describe, expect, test } from 'vitest';
import { isSame, recordFiles, seeAgain } from '../../src/config/files.ts';
import { memoryFiles } from './bad.ts';

const contents: Record<string, string> = { a: '1', 'dir/b': '2' };
const files = memoryFiles(contents);

describe('what was seen of files', () => {
  test('is the same when it is seen again', async () => {
    const recorded = recordFiles(files);
    await recorded.read('a');
    await recorded.list('dir');
    await expect(recorded.read('gone')).rejects.toThrow('no gone');
    expect([...recorded.seen.keys()]).toEqual(['file:a', 'folder:dir', 'file:gone']);
    expect(isSame(recorded.seen, await seeAgain(recorded.seen, files))).toBe(true);
  });

  test.each<[string, Record<string, string>]>([
    ['another text', { a: '2' }],
    ['one more name', { 'dir/c': '3' }],
    ['a file that was missing', { gone: '' }],
  ])('differs by %s', async (_, change) => {
    const recorded = recordFiles(files);
    await recorded.read('a');
    await recorded.list('dir');
    await recorded.read('gone').catch(() => {});
    expect(isSame(recorded.seen, await seeAgain(recorded.seen, memoryFiles({ ...contents, ...change })))).toBe(false);
  });

  test('holds no content', async () => {
    const recorded = recordFiles(memoryFiles({ key: 'sk-CANARY' }));
    await recorded.read('key');
    expect(JSON.stringify([...recorded.seen])).not.toContain('CANARY');
  });

  test('names the reason where reading fails in an unusual way', async () => {
    const recorded = recordFiles({ ...files, read: () => Promise.reject(new Error('broken')) });
    await recorded.read('a').catch(() => {});
    expect([...recorded.seen]).toEqual([['file:a', 'unreadable']]);
  });

  test('of two folders is not mixed up', () => {
    expect(isSame(new Map([['file:a', 'x']]), new Map([['file:b', 'x']]))).toBe(false);
    expect(isSame(new Map(), new Map([['file:b', 'x']]))).toBe(false);
  });
});
