// Calls as the pipeline hands them to the audit.
import type { Call, PermittedCall } from '../../src/core/call.ts';
import type { Permit } from '../../src/core/decision.ts';
import type { CallId } from '../../src/core/ids.ts';
import type { MicroUsd } from '../../src/core/money.ts';
import type { Principal } from '../../src/core/principal.ts';
import type { Standing } from '../../src/core/quota.ts';
import type { CallRecord } from '../../src/core/record.ts';
import type { Charge, Metered } from '../../src/core/usage.ts';
import { UNBOUND } from '../../src/core/decision.ts';
import { childRun, rootRun } from '../support/runs.ts';

export const TRACE = '0af7651916cd43dd8448eb211c80319c';

export const ANA: Principal = {
  id: 'acme/ana/researcher',
  subject: 'ana',
  tenant: 'acme',
  agent: 'researcher',
  actors: [{ subject: 'orchestrator', issuer: 'https://idp.example' }],
  credential: 'jwt',
  issuer: 'https://idp.example',
  scopes: [],
  expiresAtMs: Infinity,
};

export const PERMIT: Permit = {
  effect: 'permit',
  rules: ['research/tools'],
  revision: 'sha256:abc',
  shadow: undefined,
  facts: {},
  obligations: [{ kind: 'narrow' }],
  quotas: [],
  ...UNBOUND,
};

export const QUOTE: Charge = { tokens: 10, money: 20 as MicroUsd };

export const SPENT: readonly Standing[] = [
  {
    quota: {
      id: 'research/pace',
      kind: 'rate',
      unit: 'requests',
      amount: 10,
      window: { kind: 'rolling', ms: 60_000 },
      per: ['tenant'],
      enforced: true,
    },
    remaining: 7,
    resetMs: 5_000,
  },
];

export const METERED: Metered = {
  usage: { input: 100, cacheRead: 20, cacheWrite: 5, output: 40, reasoning: 10 },
  charge: { tokens: 165, money: 1_234 as MicroUsd },
  estimated: true,
  model: 'gpt-5',
  responseId: 'chatcmpl-1',
  finishReasons: ['stop'],
};

const TOOL: Call = {
  id: 'call_1' as CallId,
  route: { name: 'github', protocol: 'mcp', upstreams: ['github'], bodyBytesMax: 1_000 },
  dialect: 'mcp',
  access: {
    principal: ANA,
    action: 'tool.call',
    resource: { kind: 'tool', upstream: 'github', name: 'create "issue"' },
    args: {},
    run: childRun(rootRun('run_1'), 'run_2'),
    context: { route: 'github', timeMs: 1_000, stream: false },
  },
  upstreams: ['github'],
  method: 'POST',
  target: '',
  headers: {},
  body: Buffer.from('{"method":"tools/call"}'),
  splices: ['mcp-trace'],
  estimate: { inputTokens: 0, outputTokens: 0 },
  model: '',
  stream: false,
  hideUsage: false,
  abortable: true,
  rpc: { id: '1', method: 'tools/call', revision: '2025-11-25' },
  candidates: [],
  fallbacks: [],
};

/** A `tools/call` with a permit behind it. */
export function toolCall(change: Partial<Call> = {}): PermittedCall {
  return { ...TOOL, ...change, decision: PERMIT } as unknown as PermittedCall;
}

/** The end of a call that went well, unless `change` says otherwise. */
export function recordOf(call: Call | undefined, change: Partial<CallRecord> = {}): CallRecord {
  return {
    id: 'call_1' as CallId,
    request: {
      method: 'POST',
      path: '/mcp/github',
      query: '',
      headers: {},
      peer: '10.1.2.3',
      receivedAtMs: 1_000,
      read: () => Promise.resolve(Buffer.alloc(0)),
      onAbort: () => {},
    },
    principal: ANA,
    call,
    decision: PERMIT,
    quote: QUOTE,
    standings: SPENT,
    status: 200,
    metered: undefined,
    ending: 'complete',
    error: undefined,
    firstByteAtMs: 1_080,
    endedAtMs: 1_250,
    permitted: true,
    ...change,
  };
}
