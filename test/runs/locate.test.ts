import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Principal } from '../../src/core/principal.ts';
import { locateRun } from '../../src/runs/locate.ts';
import { ANA } from '../telemetry/calls.ts';

const BOB: Principal = { ...ANA, id: 'acme/bob/researcher', subject: 'bob' };
const HINTS = ['x-claude-code-session-id', 'session-id', 'x-session-id', 'mcp-session-id'];

describe('the run of a request', () => {
  test('is the principal’s own where it names no session, and always the same', () => {
    const run = locateRun(ANA, {});
    expect(run).toMatchObject({ root: run.id, parent: undefined, depth: 0 });
    expect(run.id).toMatch(/^run_[0-9a-f]{24}$/);
    expect(locateRun(ANA, { accept: '*/*' })).toEqual(run);
    expect(locateRun({ ...ANA }, {}), 'a principal made anew from the same credential').toEqual(run);
  });

  test.each(HINTS)('is that of the session in `%s`', (name) => {
    const run = locateRun(ANA, { [name]: 's1' });
    expect(run.id).not.toBe(locateRun(ANA, {}).id);
    expect(locateRun(ANA, { [name]: 's1' })).toEqual(run);
    expect(locateRun(ANA, { [name]: 's2' }).id).not.toBe(run.id);
  });

  test('is that of the strongest hint', () => {
    const all = Object.fromEntries(HINTS.map((name, index) => [name, `s${index}`]));
    expect(locateRun(ANA, all)).toEqual(locateRun(ANA, { 'x-claude-code-session-id': 's0' }));
  });

  test.each(['', ' ', 'a b', 'ä', 'x'.repeat(129), 'a\nb', 'a/b'])('a malformed hint (`%s`) is no hint', (value) => {
    expect(locateRun(ANA, { 'x-session-id': value })).toEqual(locateRun(ANA, {}));
    expect(locateRun(ANA, { 'x-claude-code-session-id': value, 'x-session-id': 's1' })).toEqual(
      locateRun(ANA, { 'x-session-id': 's1' }),
    );
  });

  test('never is that of another principal, whatever the hints, the same ones too', () => {
    const hint = fc.oneof(fc.constantFrom('s1', 's2', ANA.id, BOB.id), fc.string({ maxLength: 40 }));
    const headers = fc.record({ 'x-session-id': hint, 'session-id': hint }, { requiredKeys: [] });
    fc.assert(fc.property(headers, headers, (ana, bob) => locateRun(ANA, ana).id !== locateRun(BOB, bob).id));
    expect(locateRun(ANA, { 'x-session-id': 's1' }).id).not.toBe(locateRun(BOB, { 'x-session-id': 's1' }).id);
    expect(locateRun(ANA, {}).id).not.toBe(locateRun(BOB, {}).id);
  });
});
