import { createHash } from 'node:crypto';
import { describe, test } from 'vitest';
import { configJsonSchema } from '../../src/config/schema.ts';
import { policyJsonSchema } from '../../src/policy/schema.ts';
import { testJsonSchema } from '../../src/policy/tests/schema.ts';
import { expectPinned } from './pinned.ts';

/** What a schema accepts, without what it says about it. */
function shapeOf(schema: object): string {
  const text = JSON.stringify(schema, (name, value: unknown) =>
    name === 'description' && typeof value === 'string' ? undefined : value,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

describe('the shape of files', () => {
  test('of waygate.yaml', () => {
    expectPinned(shapeOf(configJsonSchema()), '2824d63486e6970e');
  });

  test('of a policy', () => {
    expectPinned(shapeOf(policyJsonSchema()), 'a41c7ac3d8879fce');
  });

  test('of policy tests', () => {
    expectPinned(shapeOf(testJsonSchema()), '8a9f5f2c06ff3af1');
  });
});
