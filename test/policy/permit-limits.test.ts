import { expect, test } from 'vitest';
import { quotasFor } from '../../src/policy/permit-limits.ts';
import { ANA } from '../telemetry/calls.ts';
import { policies } from './fixtures.ts';

test('every limit of the policies that apply to a caller, and of no others', () => {
  const set = policies(
    JSON.stringify({
      policy: 'all',
      limits: [
        { id: 'a', rate: '5/min' },
        { id: 'b', budget: '1 USD', every: 'day' },
      ],
    }),
    JSON.stringify({ policy: 'other', applies: 'agent == "nobody"', limits: [{ id: 'c', rate: '1/min' }] }),
    JSON.stringify({ policy: 'rules', rules: [{ id: 'r', allow: 'tool.call' }] }),
  );
  expect(quotasFor(set, ANA).map(({ id }) => id)).toEqual(['all/a', 'all/b']);
});
