/* oxlint-disable unicorn/no-thenable -- the language's own word */
import { expect, test } from 'vitest';
import { unsetLabels } from '../../src/policy/unset-labels.ts';
import { policies, rulesOnly } from './fixtures.ts';

test('labels that conditions wait for in vain are told with the one that was meant', () => {
  const set = rulesOnly(
    { allow: 'tool.call', then: { label: ['saw-untrusted', 'x'], journal: true } },
    { deny: 'tool.call', when: '"saw-untrusted" in run.labels' },
    { deny: 'tool.call', when: 'agent == "a" && "saw-untrustd" in run.labels || "z1" in run.labels' },
  );
  expect(unsetLabels(set)).toEqual([
    { rule: 'p/r2', label: 'saw-untrustd', offset: 16, meant: 'saw-untrusted' },
    { rule: 'p/r2', label: 'z1', offset: 48, meant: undefined },
  ]);
});

test('a policy in shadow mode sets no label', () => {
  const set = policies(
    'policy: s\nmode: shadow\nrules: [{ id: a, allow: tool.call, then: { label: seen } }]',
    'policy: p\nrules: [{ id: d, deny: tool.call, when: \'"seen" in run.labels\' }]',
  );
  expect(unsetLabels(set)).toMatchObject([{ rule: 'p/d', label: 'seen' }]);
});
