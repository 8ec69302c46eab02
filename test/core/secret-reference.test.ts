import { expect, test } from 'vitest';
import { parseSecretReference } from '../../src/core/secret-reference.ts';

test.each([
  ['env:OPENAI_API_KEY', { kind: 'env', name: 'OPENAI_API_KEY' }],
  ['env:_x1', { kind: 'env', name: '_x1' }],
  ['file:/run/secrets/key', { kind: 'file', path: '/run/secrets/key' }],
  ['file:key', { kind: 'file', path: 'key' }],
])('`%s` refers to a secret', (text, reference) => {
  expect(parseSecretReference(text)).toEqual(reference);
});

test.each([
  '',
  'sk-live-1',
  'env:',
  'env:1X',
  'env:sk-live',
  'ENV:X',
  'file:',
  ' env:X',
  'env:X\n',
  'file:a\nb',
  'redis://env:X',
])('%j is no reference', (text) => {
  expect(parseSecretReference(text)).toBeUndefined();
});
