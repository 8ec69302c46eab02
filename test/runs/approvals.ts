// Makers of what tests of approvals send.
import type { AccessRequest } from '../../src/core/access.ts';
import type { ApprovalSummary, ApprovalTerms } from '../../src/core/approval.ts';
import type { Call } from '../../src/core/call.ts';
import type { CallId, RunId } from '../../src/core/ids.ts';
import { type Principal, principalId } from '../../src/core/principal.ts';
import { NEW_TREE, type Run } from '../../src/core/run.ts';
import { NO_ESTIMATE } from '../../src/core/usage.ts';
import type { Timers } from '../../src/runs/approval-watch.ts';
import type { ApprovalRequest, Voter } from '../../src/runs/approval-store.ts';

export const HOUR = 3_600_000;
export const NOON = Date.UTC(2026, 10, 23, 12);

export const TERMS: ApprovalTerms = {
  rules: ['research/no-egress'],
  roles: ['approver'],
  approvers: 1,
  expiresMs: 24 * HOUR,
  grantMs: HOUR,
  uses: 1,
  waitMs: 30_000,
  redact: [],
};

export function terms(parts: Partial<ApprovalTerms> = {}): ApprovalTerms {
  return { ...TERMS, ...parts };
}

export function principal(parts: Partial<Principal> = {}): Principal {
  const { tenant = 'acme', subject = 'ana', agent = 'researcher' } = parts;
  return {
    id: principalId(tenant, subject, agent),
    subject,
    tenant,
    agent,
    actors: [],
    credential: 'jwt',
    issuer: 'https://idp.test',
    scopes: [],
    expiresAtMs: Infinity,
    ...parts,
  };
}

export function run(id = 'run_1', root = 'run_0'): Run {
  return {
    id: id as RunId,
    root: root as RunId,
    parent: root as RunId,
    path: [root as RunId, id as RunId],
    depth: 1,
    name: '',
    source: 'hint',
    tree: NEW_TREE,
  };
}

export function access(parts: Partial<AccessRequest> = {}): AccessRequest {
  return {
    principal: principal(),
    action: 'tool.call',
    resource: { kind: 'tool', upstream: 'mail', name: 'send' },
    args: {},
    run: run(),
    context: { route: 'mail', timeMs: NOON, stream: false },
    ...parts,
  };
}

let calls = 0;
export function callId(): CallId {
  calls += 1;
  return `call_${calls}` as CallId;
}

/** `tools/call` of `mail/send` with these arguments, as JSON text. */
export function toolCall(args: string, parts: Partial<AccessRequest> = {}): Call {
  const body = Buffer.from(
    `{"jsonrpc":"2.0","id":${calls},"method":"tools/call","params":{"name":"send","arguments":${args}}}`,
  );
  return call({ body, access: access({ args: JSON.parse(args) as Record<string, unknown>, ...parts }) });
}

export function call(parts: Partial<Call> = {}): Call {
  return {
    id: callId(),
    route: { name: 'mail', protocol: 'mcp', upstreams: ['mail'], bodyBytesMax: 1_000_000 },
    dialect: 'mcp',
    access: access(),
    upstreams: ['mail'],
    method: 'POST',
    target: '',
    headers: {},
    body: Buffer.alloc(0),
    splices: [],
    estimate: NO_ESTIMATE,
    model: '',
    stream: false,
    hideUsage: false,
    abortable: true,
    rpc: { id: '1', method: 'tools/call', revision: '2025-11-25' },
    candidates: [],
    fallbacks: [],
    ...parts,
  };
}

export function summary(parts: Partial<ApprovalSummary> = {}): ApprovalSummary {
  return {
    action: 'tool.call',
    resource: 'tool/mail/send',
    agent: 'researcher',
    subject: 'ana',
    actors: [],
    run: 'run_1' as RunId,
    root: 'run_0' as RunId,
    args: '{"to":"bob"}',
    argsCut: false,
    digest: 'd'.repeat(64),
    because: 'held by rule `research/no-egress`',
    reason: '',
    ...parts,
  };
}

let asked = 0;
export function approvalId(): string {
  asked += 1;
  return `appr_${String(asked).padStart(6, '0')}`;
}

export function asks(tenant: string, parts: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return { tenant, id: approvalId(), binding: 'binding-a', terms: TERMS, summary: summary(), ...parts };
}

export function approver(subject = 'bob', parts: Partial<Voter> = {}): Voter {
  return { subject, roles: ['viewer', 'approver'], verdict: 'approve', reason: '', ...parts };
}

/** Timers that go off when the test says so. */
export interface TestTimers extends Timers {
  advance(ms: number): Promise<void>;
  /** What still may go off. */
  readonly size: number;
}

export function testTimers(): TestTimers {
  let now = 0;
  const due = new Set<{ at: number; readonly every: number | undefined; readonly work: () => void }>();
  const plan = (ms: number, every: number | undefined, work: () => void): (() => void) => {
    const one = { at: now + ms, every, work };
    due.add(one);
    return () => void due.delete(one);
  };
  return {
    every: (ms, work) => plan(ms, ms, work),
    after: (ms, work) => plan(ms, undefined, work),
    get size() {
      return due.size;
    },
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = [...due].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
        if (!next) break;
        now = next.at;
        if (next.every === undefined) due.delete(next);
        else next.at += next.every;
        next.work();
        await settled();
      }
      now = end;
      await settled();
    },
  };
}

/** Until everything that was already answered has been taken note of. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
