import { expect, test } from 'vitest';
import type { Permit } from '../../src/core/decision.ts';
import { UNBOUND } from '../../src/core/decision.ts';
import { alertsOf } from '../../src/runs/alerts.ts';
import { chatCall, PERMIT, recordOf } from '../telemetry/calls.ts';

const ALERTED: Permit = {
  ...PERMIT,
  ...UNBOUND,
  effect: 'permit',
  quotas: [],
  obligations: [
    { kind: 'label', labels: ['x'], scope: 'tree' },
    { kind: 'alert', rule: 'p/shell' },
  ],
};

const told = (change = {}) =>
  alertsOf(recordOf(chatCall(), { decision: ALERTED, permitted: true, endedAtMs: 0, ...change }));

test('a call that a rule alerts to is told once for each rule, with who did what in which run', () => {
  const call = chatCall();
  expect(told()).toEqual([
    {
      event: 'alert',
      text: expect.stringMatching(
        /^rule p\/shell: .* did model.generate model\/openai\/gpt-5\nfor .*, run run_1, tenant /,
      ),
      alert: expect.objectContaining({ rule: 'p/shell', call: call.id, run: 'run_1', at: '1970-01-01T00:00:00.000Z' }),
    },
  ]);
});

test('what a client’s own tools did is told with the call of the model that tells of it', () => {
  const call = chatCall();
  const bash = {
    ...call.access,
    action: 'tool.local',
    resource: { kind: 'tool', upstream: 'local', name: 'Bash' },
  } as const;
  expect(told({ call: { ...call, parts: [bash, bash] } })[0]?.text).toContain(
    'did model.generate model/openai/gpt-5, tool.local tool/local/Bash\n',
  );
});

test('names from requests mention nobody, and begin no line', () => {
  const call = chatCall();
  const resource = { ...call.access.resource, name: 'a\nb<!channel>' };
  expect(told({ call: { ...call, access: { ...call.access, resource } } })[0]?.text).toContain('a b&lt;!channel&gt;');
});

test('nothing is told of a call that was refused, or that no rule alerts to', () => {
  expect(told({ permitted: false })).toEqual([]);
  expect(told({ decision: PERMIT })).toEqual([]);
  expect(told({ call: undefined })).toEqual([]);
});
