import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Principal } from '../../src/core/principal.ts';
import { HINTS } from '../../src/runs/hints.ts';
import { lineageOf, type Lineage, placedAt } from '../../src/runs/lineage.ts';
import { ANA } from '../telemetry/calls.ts';

const BOB: Principal = { ...ANA, id: 'acme/bob/researcher', subject: 'bob' };
const of = (principal: Principal, headers: Readonly<Record<string, string>>): Lineage =>
  lineageOf(principal, headers, HINTS);
const CLAUDE = 'x-claude-code-session-id';
const AGENT = 'x-claude-code-agent-id';
const PARENT = 'x-claude-code-parent-agent-id';

describe('the lineage of a request', () => {
  test('is the principal’s own run where it names no session, and always the same', () => {
    const own = of(ANA, {});
    expect(own).toMatchObject({ root: own.id, parent: undefined, source: 'principal', path: [own.id] });
    expect(own.id).toMatch(/^run_[0-9a-f]{24}$/);
    expect(of(ANA, { accept: '*/*' })).toEqual(own);
    expect(of({ ...ANA }, {}), 'a principal made anew from the same credential').toEqual(own);
  });

  test.each([CLAUDE, 'session-id', 'x-session-id', 'mcp-session-id'])('is that of the session in `%s`', (name) => {
    const root = of(ANA, { [name]: 's1' });
    expect(root).toMatchObject({ root: root.id, name: 's1', source: 'hint' });
    expect(root.id).not.toBe(of(ANA, {}).id);
    expect(of(ANA, { [name]: 's1' })).toEqual(root);
    expect(of(ANA, { [name]: 's2' }).id).not.toBe(root.id);
  });

  test('Claude Code: a sub-agent is below its session, its own sub-agents below it', () => {
    const session = of(ANA, { [CLAUDE]: 's' });
    const child = of(ANA, { [CLAUDE]: 's', [AGENT]: 'a1' });
    expect(child).toMatchObject({ root: session.id, parent: session.id, path: [session.id, child.id], name: 'a1' });
    const grandchild = of(ANA, { [CLAUDE]: 's', [AGENT]: 'a2', [PARENT]: 'a1' });
    expect(grandchild).toMatchObject({ root: session.id, parent: child.id, path: undefined });
  });

  test('Codex: a thread is the session where it has its name, else below it or below its parent thread', () => {
    const root = of(ANA, { 'session-id': 't0', 'thread-id': 't0' });
    expect(root).toMatchObject({ root: root.id, parent: undefined });
    const child = of(ANA, { 'session-id': 't0', 'thread-id': 't1', 'x-codex-parent-thread-id': 't0' });
    expect(child).toMatchObject({ root: root.id, parent: root.id });
    expect(of(ANA, { 'session-id': 't0', 'thread-id': 't2', 'x-codex-parent-thread-id': 't1' }).parent).toBe(child.id);
  });

  test('a tool’s call that names session and thread stands where the models’ calls of that thread do', () => {
    const child = of(ANA, { 'session-id': 't0', 'thread-id': 't1', 'x-codex-parent-thread-id': 't0' });
    expect(placedAt(ANA, { session: 't0', agent: 't1' })).toMatchObject({
      id: child.id,
      root: child.root,
      path: undefined,
    });
    expect(placedAt(ANA, { session: 't0', agent: undefined })).toEqual(
      of(ANA, { 'session-id': 't0', 'thread-id': 't0' }),
    );
  });

  test('OpenCode: a session is below the one that it names as its parent', () => {
    const root = of(ANA, { 'x-session-id': 's1' });
    expect(of(ANA, { 'x-session-id': 's2', 'x-parent-session-id': 's1' })).toMatchObject({
      root: root.id,
      parent: root.id,
    });
  });

  test('`Waygate-Run` names a path from the root, and is stronger than what clients send', () => {
    const deep = of(ANA, { 'waygate-run': 'nightly/research/3', [CLAUDE]: 's' });
    expect(deep).toMatchObject({ source: 'header', name: '3' });
    expect(deep.path).toHaveLength(3);
    expect(deep.parent).toBe(of(ANA, { 'waygate-run': 'nightly/research' }).id);
    expect(deep.root).toBe(of(ANA, { 'waygate-run': 'nightly' }).id);
  });

  test('a token of ours says where its bearer stands, whatever the headers say', () => {
    const path = ['run_1', 'run_2'] as never;
    const delegation = { path, name: 'x', rights: undefined, maxDepth: 8, budget: undefined, tokenId: 't' };
    expect(of({ ...ANA, delegation }, { 'waygate-run': 'a', [CLAUDE]: 's' })).toMatchObject({
      id: 'run_2',
      root: 'run_1',
      source: 'token',
    });
  });

  test('claims of the caller’s own token are stronger than headers', () => {
    const placed = of({ ...ANA, place: ['nightly', 'r'] }, { 'waygate-run': 'a', [CLAUDE]: 's' });
    expect(placed).toMatchObject({ source: 'claims', name: 'r', id: of(ANA, { 'waygate-run': 'nightly/r' }).id });
  });

  test('a trace is a session where nothing better is said', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(of(ANA, { traceparent })).toMatchObject({ name: '0af7651916cd43dd8448eb211c80319c', source: 'hint' });
    expect(of(ANA, { traceparent, 'x-session-id': 's1' })).toEqual(of(ANA, { 'x-session-id': 's1' }));
    expect(of(ANA, { traceparent: 'x' })).toEqual(of(ANA, {}));
  });

  test.each(['', ' ', 'a b', 'ä', 'x'.repeat(129), 'a\nb', 'a/b'])('a malformed hint (`%s`) is no hint', (value) => {
    expect(of(ANA, { 'x-session-id': value })).toEqual(of(ANA, {}));
    expect(of(ANA, { [CLAUDE]: value, 'x-session-id': 's1' })).toEqual(of(ANA, { 'x-session-id': 's1' }));
  });

  test.each(['a//b', '/a', 'a b', `${'a/'.repeat(40)}b`])('a malformed `Waygate-Run` (`%s`) is none', (value) => {
    expect(of(ANA, { 'waygate-run': value })).toEqual(of(ANA, {}));
  });

  test('never is a run of another principal, whatever the hints, the same ones too', () => {
    const hint = fc.oneof(fc.constantFrom('s1', 's2', ANA.id, BOB.id), fc.string({ maxLength: 40 }));
    const names = ['x-session-id', 'session-id', 'thread-id', CLAUDE, AGENT, PARENT, 'waygate-run'];
    const headers = fc.record(Object.fromEntries(names.map((name) => [name, hint])), { requiredKeys: [] });
    const idsOf = ({ id, root, parent, path }: Lineage) =>
      new Set([id, root, ...(parent ? [parent] : []), ...(path ?? [])]);
    fc.assert(
      fc.property(headers, headers, (ana, bob) => {
        const mine = idsOf(of(ANA, ana as Record<string, string>));
        return [...idsOf(of(BOB, bob as Record<string, string>))].every((id) => !mine.has(id));
      }),
    );
  });
});
