import { describe, expect, test } from 'vitest';
import { parseSegment, segmentName } from '../../src/audit/segment.ts';

describe('names of audit files', () => {
  test('name a chain and a number, and sort in their order', () => {
    const segment = { chain: 'gw-1.1763900000000.ab12cd34', number: 42 };
    expect(parseSegment(segmentName(segment))).toEqual(segment);
    expect(
      [12, 9, 2]
        .map((number) => segmentName({ chain: 'c', number }))
        .sort()
        .map(parseSegment),
    ).toEqual([
      { chain: 'c', number: 2 },
      { chain: 'c', number: 9 },
      { chain: 'c', number: 12 },
    ]);
  });

  test.each(['audit.jsonl', 'audit-c-1.jsonl', 'audit-c-000001.jsonl.gz', 'audit-../x-000001.jsonl', 'notes.txt'])(
    '%s is none',
    (name) => {
      expect(parseSegment(name)).toBeUndefined();
    },
  );
});
