import { describe, expect, test } from 'vitest';
import { problemsOf } from './fixtures.ts';

const policy = (name: string, fields: object): string => JSON.stringify({ policy: name, ...fields });
const RUN = { id: 'run', budget: '5 USD', per: 'run.root' };
const DAY = { id: 'day', budget: '90 USD', every: 'day' };

const told = (...limits: readonly object[]): string[] => problemsOf(policy('p', { limits }));
const MISSING = expect.stringMatching(/^p0\.yaml:1:\d+: a budget per run needs a ceiling per principal beside it: /);

describe('a budget per run', () => {
  test.each([
    ['a budget of the tenant', DAY],
    ['a budget of each subject', { ...DAY, per: ['subject', 'model'] }],
  ])('may stand beside %s', (_, ceiling) => {
    expect(told(RUN, ceiling)).toEqual([]);
  });

  test.each([
    ['nothing', []],
    ['another limit per run', [{ id: 'pace', rate: '9/s', per: ['subject', 'run'] }]],
    ['a budget of another unit', [{ ...DAY, budget: '9 tokens' }]],
    ['a rate of another unit', [{ id: 'pace', rate: '60/min' }]],
    ['a budget of less', [{ ...DAY, on: 'model.generate' }]],
    ['what only runs are counted by', [{ id: 'max', max: { steps: 5 } }]],
  ])('may not stand beside %s alone', (_, others) => {
    expect(told(RUN, ...others)).toEqual([MISSING]);
  });

  test('is no ceiling of another', () => {
    expect(told(RUN, { ...DAY, per: ['subject', 'run'] })).toEqual([MISSING, MISSING]);
    expect(told({ ...RUN, budget: '9 requests' }, { id: 'pace', rate: '9/s', per: 'run' })).toEqual([MISSING]);
  });

  test('of tokens or requests may stand beside a rate of them', () => {
    expect(told({ ...RUN, budget: '9 tokens' }, { id: 'pace', rate: '60 tokens/min' })).toEqual([]);
    expect(told({ ...RUN, budget: '9 requests' }, { id: 'pace', rate: '60/min' })).toEqual([]);
  });

  test('of some calls needs a ceiling over all or over the same, however they are ordered', () => {
    const some = { ...RUN, on: ['model.generate', 'http.request'] };
    expect(told(some, DAY)).toEqual([]);
    expect(told(some, { ...DAY, on: ['http.request', 'model.generate'] })).toEqual([]);
    expect(told(some, { ...DAY, on: 'model.generate' })).toEqual([MISSING]);
  });

  test('that is a window of its own needs a ceiling too, rates and concurrency do not', () => {
    expect(told({ ...RUN, every: 'day' })).toEqual([MISSING]);
    expect(told({ id: 'l', rate: '9/s', per: 'run' }, { id: 'm', concurrency: 3, per: 'run.root' })).toEqual([]);
  });
});

describe('a ceiling in another policy', () => {
  const run = (fields: object = {}) => policy('p', { limits: [RUN], ...fields });
  const day = (fields: object = {}) => policy('q', { limits: [DAY], ...fields });
  const applies = 'agent == "x"';

  test('must bind whomever the budget binds', () => {
    expect(problemsOf(run({ applies }), day())).toEqual([]);
    expect(problemsOf(run({ applies }), day({ applies }))).toEqual([]);
    expect(problemsOf(run({ applies }), day({ applies: 'agent == "y"' }))).toEqual([MISSING]);
    expect(problemsOf(run(), day({ applies }))).toEqual([MISSING]);
  });

  test('must be enforced where the budget is', () => {
    expect(problemsOf(run(), day({ mode: 'shadow' }))).toEqual([MISSING]);
    expect(problemsOf(run({ mode: 'shadow' }), day({ mode: 'shadow' }))).toEqual([]);
  });

  test('is looked for once all files are sound', () => {
    expect(problemsOf(run(), 'policy: q\nlimits: [{ id: l, rate: fast }]')).toEqual([
      expect.stringContaining('p1.yaml:2:25: expected a rate'),
    ]);
  });
});

test('the fault stands at the `per` of the limit', () => {
  expect(problemsOf('policy: p\nlimits:\n  - id: l\n    budget: 5 USD\n    per: run.root\n')).toEqual([
    expect.stringMatching(/^p0\.yaml:5:10: a budget per run needs a ceiling/),
  ]);
});
