/* oxlint-disable unicorn/no-thenable -- the language's own word */
import { describe, expect, test } from 'vitest';
import { rulesOnly } from './fixtures.ts';

const ruleOf = (rule: object) => rulesOnly(rule).policies[0]?.rules[0];

describe('what a hold asks for', () => {
  const terms = (approval?: object) => ruleOf({ hold: 'tool.call', ...(approval && { approval }) })?.terms;
  const USUAL = {
    rules: ['p/r0'],
    roles: ['approver'],
    approvers: 1,
    expiresMs: 86_400_000,
    grantMs: 3_600_000,
    uses: 1,
    waitMs: 30_000,
    redact: [],
  };

  test('is one approver within a day, for one call, unless it says otherwise', () => {
    expect(terms()).toEqual(USUAL);
    expect(terms({})).toEqual(USUAL);
  });

  test.each([
    [{ roles: 'lead' }, { roles: ['lead'] }],
    [{ roles: ['lead', 'chief', 'lead'] }, { roles: ['chief', 'lead'] }],
    [{ approvers: 2 }, { approvers: 2 }],
    [{ expires: '2h' }, { expiresMs: 7_200_000 }],
    [{ grant: '5min' }, { grantMs: 300_000 }],
    [{ uses: 9 }, { uses: 9 }],
    [{ wait: '0s' }, { waitMs: 0 }],
    [{ redact: ['args.repo.name', 'args.body'] }, { redact: ['args.body', 'args.repo.name'] }],
    [{ redact: 'args' }, { redact: ['args'] }],
  ])('%j', (approval, said) => {
    expect(terms(approval)).toEqual({ ...USUAL, ...said });
  });

  test('no other rule asks for', () => {
    expect(ruleOf({ allow: 'tool.call' })?.terms).toBeUndefined();
    expect(ruleOf({ deny: 'tool.call' })?.terms).toBeUndefined();
  });
});

describe('what a permit stands on', () => {
  const obligations = (then?: object) => ruleOf({ allow: 'tool.call', ...(then && { then }) })?.obligations;

  test('is nothing unless the rule says so', () => {
    expect(obligations()).toEqual([]);
  });

  test('labels, of the whole tree or of the run and those below it', () => {
    expect(obligations({ label: 'seen' })).toEqual([{ kind: 'label', labels: ['seen'], scope: 'tree' }]);
    expect(obligations({ label: ['b', 'a', 'b'], scope: 'node' })).toEqual([
      { kind: 'label', labels: ['a', 'b'], scope: 'node' },
    ]);
  });

  test('a record, with what takes the call back', () => {
    const args = {
      id: 'result.issue.0.id',
      all: 'result',
      owner: 'args.owner',
      why: "'it''s args.over'",
      n: 3,
      on: true,
      no: null,
    };
    expect(obligations({ journal: true, undo: { tool: 'github/close/issue', args } })).toEqual([
      {
        kind: 'journal',
        rule: 'p/r0',
        undo: {
          tool: 'github/close/issue',
          args: {
            id: { path: ['result', 'issue', '0', 'id'] },
            all: { path: ['result'] },
            owner: { path: ['args', 'owner'] },
            why: { literal: "it''s args.over" },
            n: { literal: 3 },
            on: { literal: true },
            no: { literal: null },
          },
        },
      },
    ]);
    expect(obligations({ journal: true, undo: { tool: 'github/x' } })).toMatchObject([{ undo: { args: {} } }]);
    expect(obligations({ journal: true })).toEqual([{ kind: 'journal', rule: 'p/r0', undo: undefined }]);
  });

  test('both together', () => {
    expect(obligations({ alert: true })).toEqual([{ kind: 'alert', rule: 'p/r0' }]);
    expect(obligations({ journal: true, label: 'x' })?.map(({ kind }) => kind)).toEqual(['label', 'journal']);
  });
});
