import { expect, test } from 'vitest';
import type { PlanView, ReportView } from '../../src/admin/rollback-view.ts';
import { rollback, type RollbackOptions } from '../../src/cli/rollback.ts';
import type { CallId } from '../../src/core/ids.ts';

const named = (step: number) => ({ step, call: `call_${step}` as CallId, resource: 'tool/tickets/create_ticket' });
const PLAN: PlanView = {
  run: 'run_1',
  tenant: 'acme',
  plan: 'abc',
  steps: [
    { ...named(12), kind: 'cannot', because: 'the rule `a/b` says no `undo`' },
    { ...named(3), kind: 'undo', undo: { tool: 'tickets/close_ticket', args: { id: 7 } } },
    { ...named(2), kind: 'undone' },
  ],
};
const REPORT: ReportView = {
  run: 'run_1',
  tenant: 'acme',
  complete: true,
  steps: [
    { ...named(3), outcome: 'undone', because: undefined },
    { ...named(2), outcome: 'unknown', because: 'the stream broke' },
  ],
};

async function run(
  options: Partial<RollbackOptions> = {},
  replies: { plan?: PlanView; report?: ReportView; status?: number } = {},
) {
  const { plan = PLAN, report = REPORT, status = 200 } = replies;
  const asked: unknown[] = [];
  const printed: string[] = [];
  const said: string[] = [];
  const output = { print: (text: string) => void printed.push(text), say: (text: string) => void said.push(text) };
  const code = await rollback({ run: 'run 1', tenant: 'acme', ...options }, output, async (path, body) => {
    asked.push([path, body]);
    if (status >= 400) return { status, body: { detail: 'this takes the role `operator`' } };
    return { status, body: body['dryRun'] ? plan : report };
  });
  return { code, asked, printed, said };
}

test('without `--yes` the plan is shown, and nothing is done', async () => {
  const { code, asked, printed, said } = await run({ to: '1' });
  expect(code).toBe(0);
  expect(asked).toEqual([['/api/runs/run%201/rollback', { tenant: 'acme', to: 1, dryRun: true }]]);
  expect(printed).toEqual([
    '   12  tool/tickets/create_ticket  stays: the rule `a/b` says no `undo`',
    '    3  tool/tickets/create_ticket  ← tickets/close_ticket {"id":7}',
    '    2  tool/tickets/create_ticket  taken back before',
  ]);
  expect(said).toEqual(['1 of 3 calls would be taken back, the newest first; `--yes` does it']);
});

test('with `--yes` the plan that was made is run, and what became of each call is told', async () => {
  const { code, asked, printed, said } = await run({ yes: true, to: 'call_1', keepGoing: true, reason: 'wrong' });
  expect(code).toBe(0);
  expect(asked[1]).toEqual([
    '/api/runs/run%201/rollback',
    { tenant: 'acme', to: 'call_1', plan: 'abc', keepGoing: true, reason: 'wrong' },
  ]);
  expect(printed).toEqual([
    '    3  tool/tickets/create_ticket  taken back',
    '    2  tool/tickets/create_ticket  unknown: the stream broke',
  ]);
  expect(said).toEqual(['1 of 2 journaled calls are taken back']);
});

test('what is not taken back ends the command in 1', async () => {
  const { code, said } = await run({ yes: true }, { report: { ...REPORT, complete: false } });
  expect(code).toBe(1);
  expect(said[1]).toContain('goes on where this one stopped');
});

test.each([
  [[], 'the journal has no call of `run 1` to take back'],
  [PLAN.steps.slice(0, 1), 'none of these 1 calls can be taken back'],
])('where there is nothing to do, it says so and asks for nothing', async (steps, sentence) => {
  const { code, asked, said } = await run({ yes: true }, { plan: { ...PLAN, steps } });
  expect([code, asked.length, said]).toEqual([0, 1, [sentence]]);
});

test('with `--json` plan and report are printed as they are', async () => {
  expect((await run({ json: true })).printed.map((text) => JSON.parse(text) as unknown)).toEqual([PLAN]);
  expect(
    (await run({ json: true, yes: true })).printed.map((text) => JSON.parse(text) as { steps: unknown }).at(0)?.steps,
  ).toHaveLength(2);
});

test('a refusal of the operators’ API is told in its words', async () => {
  await expect(run({}, { status: 403 })).rejects.toThrow('this takes the role `operator`');
});

test('an empty step is a wrong call of the command', async () => {
  await expect(run({ to: '' })).rejects.toThrow('expected `--to STEP`');
});

test('nothing that a tool or its upstream says moves a cursor', async () => {
  const because = 'no\u001b[2Jsuch\u202eticket';
  const told = { plan: { ...PLAN, steps: [{ ...named(3), kind: 'cannot' as const, because }] } };
  expect((await run({}, told)).printed).toEqual(['    3  tool/tickets/create_ticket  stays: no�[2Jsuch�ticket']);
});

test('a tenant that is not said is left to the gateway', async () => {
  const asked: unknown[] = [];
  const output = { print() {}, say() {} };
  await rollback({ run: 'run_1' }, output, async (_, body) => {
    asked.push(body);
    return { status: 200, body: PLAN };
  });
  expect(asked).toEqual([{ dryRun: true }]);
});
