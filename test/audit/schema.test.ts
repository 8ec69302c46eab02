import { describe, expect, test } from 'vitest';
import { auditSchema } from '../../src/audit/schema.ts';

describe('audit configuration', () => {
  test('nothing said is: beside the process, forced once a second, half a second of patience', () => {
    expect(auditSchema.parse({})).toEqual({
      dir: '.waygate/audit',
      fsync: 'interval',
      failTimeoutMs: 500,
      maxFileBytes: 268_435_456,
    });
  });

  test.each([{ dir: '' }, { fsync: 'sometimes' }, { failTimeoutMs: 0 }, { maxFileBytes: 10 }, { enabled: false }])(
    '%o is refused',
    (config) => {
      expect(auditSchema.safeParse(config).success).toBe(false);
    },
  );
});
