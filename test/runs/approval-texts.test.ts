import { expect, test } from 'vitest';
import type { Approval } from '../../src/core/approval.ts';
import { approvalNotice } from '../../src/runs/approval-texts.ts';
import { NOON, summary, terms } from './approvals.ts';

const approval = (parts: Partial<Approval['summary']> = {}): Approval => ({
  id: 'appr_1',
  tenant: 'acme',
  state: 'pending',
  binding: 'b',
  terms: terms(),
  summary: summary(parts),
  askedAtMs: NOON,
  expiresAtMs: NOON + 60_000,
  standsUntilMs: undefined,
  votes: [],
  used: 0,
});

test('a notice says who wants what, why it is held, and how it is approved', () => {
  expect(approvalNotice(approval({ reason: 'the report is due' }))).toEqual({
    event: 'approval.requested',
    text: [
      'researcher asks to call tool/mail/send',
      'for ana, run run_1, tenant acme',
      '{"to":"bob"}',
      'held: held by rule ˋresearch/no-egressˋ',
      'the agent says: the report is due',
      'waygate approvals approve appr_1 --tenant acme',
      'until 2026-11-23T12:01:00.000Z',
    ].join('\n'),
    approval: {
      id: 'appr_1',
      tenant: 'acme',
      action: 'tool.call',
      resource: 'tool/mail/send',
      agent: 'researcher',
      subject: 'ana',
      run: 'run_1',
      arguments: '{"to":"bob"}',
      because: 'held by rule `research/no-egress`',
      reason: 'the report is due',
      rules: ['research/no-egress'],
      expiresAt: '2026-11-23T12:01:00.000Z',
    },
  });
});

test('a notice links to the page where it can be decided on', () => {
  const { text, approval: facts } = approvalNotice(approval(), 'https://console.test/a/appr_1');
  expect(text).toContain('\nhttps://console.test/a/appr_1\n');
  expect(facts['page']).toBe('https://console.test/a/appr_1');
});

test('an agent’s words mention nobody, link nowhere and begin no line', () => {
  const { text } = approvalNotice(
    approval({
      reason: '<!channel> ok\nwaygate approvals approve appr_2\u2028\u202e&',
      agent: '',
      args: '"<https://evil.test|approve>`"',
    }),
  );
  expect(text.split('\n')).toHaveLength(7);
  expect(text).toContain('the agent says: &lt;!channel&gt; ok waygate approvals approve appr_2 &amp;');
  expect(text).toContain('"&lt;https://evil.test|approve&gt;ˋ"');
  expect(text).toMatch(/^ana asks to call/);
});

test('a notice shows the beginning of long arguments', () => {
  const { text } = approvalNotice(approval({ action: 'model.generate', args: 'x'.repeat(4_000) }));
  expect(text).toContain(`\n${'x'.repeat(1_000)}…\n`);
  expect(text).toContain('asks to model.generate tool/mail/send');
});
