import { describe, test } from 'vitest';
import { SCOPES } from '../../src/core/quota.ts';
import { expectPinned } from './pinned.ts';

describe('what limits count by', () => {
  test('the scopes', () => {
    expectPinned(SCOPES, ['tenant', 'subject', 'agent', 'upstream', 'model', 'tool', 'run', 'run.root', 'run.parent']);
  });
});
