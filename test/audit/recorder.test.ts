import { describe, expect, test } from 'vitest';
import type { AuditLog } from '../../src/audit/log.ts';
import { type AuditRecorder, auditRecorder } from '../../src/audit/recorder.ts';
import { GatewayError } from '../../src/core/errors.ts';
import { auditBench, linesIn, NOW_MS, toldIn } from './bench.ts';
import { QUOTE, recordOf, SPENT, toolCall, TRACE } from './calls.ts';

function recorder(log: AuditLog): { readonly recorder: AuditRecorder; readonly lost: string[] } {
  const lost: string[] = [];
  const mask = (text: string): string => text.replace('canary', '[redacted]');
  return {
    recorder: auditRecorder({ log, clock: { now: () => NOW_MS }, mask, onLost: (kind) => void lost.push(kind) }),
    lost,
  };
}
const DETAILS = { quote: QUOTE, standings: SPENT, traceId: TRACE };

describe('audit recorder', () => {
  test('a call has a permit before it goes on and an outcome after; a refusal has one entry', async () => {
    const { dir, log } = await auditBench();
    const { recorder: audit, lost } = recorder(log);
    await audit.permit(toolCall(), DETAILS);
    expect(toldIn(dir)).toContain('permit call_1');
    audit.end(recordOf(toolCall()), TRACE);
    const { request } = recordOf(undefined);
    audit.end(
      recordOf(undefined, {
        permitted: false,
        status: 404,
        ending: 'refused',
        request: { ...request, path: '/canary' },
      }),
      TRACE,
    );
    await log.close();
    expect(toldIn(dir)).toEqual(['start', 'permit call_1', 'outcome call_1', 'refusal call_1', 'stop']);
    expect(JSON.parse(linesIn(dir)[3] ?? '')).toMatchObject({ request: { path: '/[redacted]' }, status: 404 });
    expect(lost).toEqual([]);
  });

  test('a permit that cannot be written refuses its call and is told of', async () => {
    const { log, disk } = await auditBench();
    const { recorder: audit, lost } = recorder(log);
    disk('full');
    await expect(audit.permit(toolCall(), DETAILS)).rejects.toMatchObject({ code: 'audit.unavailable' });
    expect(lost).toEqual(['permit']);
  });

  test('an end that can never be written is told of, and breaks nothing', async () => {
    const { log } = await auditBench();
    const { recorder: audit, lost } = recorder(log);
    await log.close();
    audit.end(recordOf(toolCall()), TRACE);
    audit.end(recordOf(toolCall(), { permitted: false, error: new GatewayError('policy.denied', 'no') }), TRACE);
    await expect.poll(() => lost).toEqual(['outcome', 'refusal']);
  });
});
