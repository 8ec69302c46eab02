import { expect, test } from 'vitest';
import { newCallId } from '../../src/core/ids.ts';

test('a call id is a random UUID that says what it is, and no two are alike', () => {
  const ids = Array.from({ length: 1_000 }, newCallId);
  expect(new Set(ids).size).toBe(1_000);
  for (const id of ids)
    expect(id).toMatch(/^call_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
