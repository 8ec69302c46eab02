import { describe, expect, test } from 'vitest';
import { Notebook } from '../../src/demo/notes.ts';

describe('the notebook', () => {
  test('keeps a hundred mails at most', () => {
    const notebook = new Notebook();
    const kept = Array.from({ length: 103 }, (_, index) =>
      notebook.keepMail({ to: 'ana@example.com', subject: String(index), text: '' }),
    );
    expect(kept.slice(98)).toEqual([99, 100, 100, 100, 100]);
  });

  test('finds by title and text in any case, and what is deleted no more', () => {
    const notebook = new Notebook();
    expect(notebook.search('ON CALL').map(({ id }) => id)).toEqual(['on-call']);
    expect(notebook.delete('on-call')).toBe(true);
    expect(notebook.search('on call')).toEqual([]);
    expect(notebook.delete('on-call')).toBe(false);
    expect(notebook.read('on-call')).toBeUndefined();
  });
});
