import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type AuditedCall, auditedCalls } from '../../src/audit/calls.ts';
import { outcomeEntry, permitEntry, refusalEntry } from '../../src/audit/entry.ts';
import { openAudit } from '../../src/audit/log.ts';
import { auditSchema } from '../../src/audit/schema.ts';
import { parseResource, type Resource } from '../../src/core/access.ts';
import type { PermittedCall } from '../../src/core/call.ts';
import type { CallId } from '../../src/core/ids.ts';
import type { MicroUsd } from '../../src/core/money.ts';
import { quota } from '../limits/calls.ts';
import { chatCall, METERED, recordOf } from '../telemetry/calls.ts';

const QUOTE = { tokens: 900, money: 70 as MicroUsd };
const STANDINGS = [{ quota: quota({ id: 'team/month' }), remaining: 1, resetMs: 0 }];

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'waygate-calls-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function named(id: string): PermittedCall {
  return { ...chatCall(), id: id as CallId };
}

function permit(call: PermittedCall, atMs: number, standings = STANDINGS) {
  return permitEntry(call, { atMs, traceId: '', quote: QUOTE, standings });
}

async function write(dir: string, entries: readonly Parameters<Awaited<ReturnType<typeof openAudit>>['append']>[0][]) {
  const config = auditSchema.parse({ dir });
  const log = await openAudit({ config, clock: { now: () => 5 }, instance: 'gw' });
  for (const entry of entries) await log.append(entry);
  await log.close();
}

async function read(...dirs: readonly string[]): Promise<AuditedCall[]> {
  const calls: AuditedCall[] = [];
  for await (const call of auditedCalls(dirs)) calls.push(call);
  return calls;
}

test('a call is told once, with what it cost and when it ended', async () => {
  const dir = folder();
  const call = named('call_1');
  await write(dir, [permit(call, 100), outcomeEntry(recordOf(call, { metered: METERED, endedAtMs: 250 }), '')]);
  const { principal, action, resource } = call.access;
  expect(await read(dir)).toEqual([
    {
      id: 'call_1',
      principal: expect.objectContaining({ tenant: principal.tenant, subject: principal.subject }),
      run: { root: 'run_1', path: ['run_1'] },
      action,
      resources: [resource],
      quotas: ['team/month'],
      charge: METERED.charge,
      permittedAtMs: 100,
      endedAtMs: 250,
    },
  ]);
});

test('a call of which no end is told has the worst that it was permitted to, at its permit', async () => {
  const dir = folder();
  await write(dir, [permit(named('call_1'), 100)]);
  expect(await read(dir)).toMatchObject([{ id: 'call_1', charge: QUOTE, permittedAtMs: 100, endedAtMs: 100 }]);
});

test('of several candidates the one counts that it was sent to, and all where that is not known', async () => {
  const dir = folder();
  const candidates = ['model/a/x', 'model/b/y'].map((text) => parseResource(text) as Resource);
  const as = (id: string, resource: Resource): PermittedCall => {
    const access = { ...chatCall().access, resource };
    return { ...named(id), access, candidates };
  };
  const [first, second] = candidates as [Resource, Resource];
  const both = { ...as('call_1', first), fallbacks: [as('call_1', second)] };
  await write(dir, [
    permit(both, 100),
    outcomeEntry(recordOf(as('call_1', second), { metered: METERED, endedAtMs: 250 }), ''),
    permit({ ...both, id: 'call_2' as CallId }, 300),
  ]);
  expect((await read(dir)).map(({ resources }) => resources)).toEqual([[second], candidates]);
});

test('a call that was permitted and not sent has cost nothing', async () => {
  const dir = folder();
  const call = named('call_1');
  await write(dir, [permit(call, 100), outcomeEntry(recordOf(call, { metered: undefined, endedAtMs: 130 }), '')]);
  expect(await read(dir)).toMatchObject([{ charge: { tokens: 0, money: 0 }, endedAtMs: 130 }]);
});

test('a call that was refused because its permit did not stand in time has cost nothing', async () => {
  const dir = folder();
  const call = named('call_1');
  const refused = recordOf(call, { metered: undefined, permitted: false, endedAtMs: 130 });
  await write(dir, [permit(call, 100), refusalEntry(refused, '', (text) => text)]);
  expect(await read(dir)).toMatchObject([{ id: 'call_1', charge: { tokens: 0, money: 0 }, endedAtMs: 130 }]);
});

test('refused calls, and those that no limit applied to, are none', async () => {
  const dir = folder();
  const free = named('call_1');
  await write(dir, [
    permit(free, 100, []),
    outcomeEntry(recordOf(free, { metered: METERED }), ''),
    refusalEntry(recordOf(named('call_2'), { metered: undefined }), '', (text) => text),
  ]);
  expect(await read(dir)).toEqual([]);
});

test('calls of all replicas are told, and a folder that is named twice is read once', async () => {
  const [one, other] = [folder(), folder()];
  await write(one, [permit(named('call_1'), 100)]);
  await write(other, [permit(named('call_2'), 200)]);
  expect(readdirSync(one)).toHaveLength(1);
  expect((await read(one, other, one)).map(({ id }) => id).sort()).toEqual(['call_1', 'call_2']);
});
