import { expect, test } from 'vitest';
import { configJsonSchema } from '../../src/config/schema.ts';

interface Described {
  readonly properties: Readonly<
    Record<string, { readonly description?: string; readonly additionalProperties?: unknown }>
  >;
  readonly required: readonly string[];
  readonly additionalProperties: unknown;
}

test('the JSON Schema of the config asks for what has no default, and allows nothing unknown', () => {
  const described = configJsonSchema() as unknown as Described;
  expect(described.required).toEqual(['version', 'upstreams']);
  expect(described.additionalProperties).toBe(false);
  expect(Object.keys(described.properties)).toEqual([
    'version',
    'listen',
    'admin',
    'frontDoor',
    'store',
    'limits',
    'identity',
    'upstreams',
    'ceiling',
    'aliases',
    'routes',
    'policies',
    'notices',
    'runs',
    'delegation',
    'telemetry',
    'audit',
    'outbound',
    'drain',
  ]);
});
