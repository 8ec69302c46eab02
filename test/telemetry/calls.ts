// Calls as the pipeline hands them to telemetry.
import type { Call, PermittedCall } from '../../src/core/call.ts';
import type { Decision } from '../../src/core/decision.ts';
import type { Headers, Incoming } from '../../src/core/exchange.ts';
import type { CallId } from '../../src/core/ids.ts';
import type { MicroUsd } from '../../src/core/money.ts';
import type { Principal } from '../../src/core/principal.ts';
import type { CallRecord } from '../../src/core/record.ts';
import type { Metered } from '../../src/core/usage.ts';
import type { Destination } from '../../src/telemetry/client-span.ts';
import { UNBOUND } from '../../src/core/decision.ts';
import { rootRun } from '../support/runs.ts';

export const RECEIVED_AT_MS = 1_763_900_000_123;

export const OPENAI: Destination = { provider: 'openai', address: 'api.openai.com', port: 443 };

export const ANA: Principal = {
  id: 'acme/ana/researcher',
  subject: 'ana',
  tenant: 'acme',
  agent: 'researcher',
  actors: [],
  credential: 'jwt',
  issuer: 'https://idp.example',
  scopes: [],
  expiresAtMs: Infinity,
};

export function incoming(change: Partial<Incoming> & { readonly headers?: Headers } = {}): Incoming {
  return {
    method: 'POST',
    path: '/v1/chat/completions',
    query: '',
    headers: { 'user-agent': 'OpenAI/JS 7.57.0' },
    peer: '127.0.0.1',
    receivedAtMs: RECEIVED_AT_MS,
    read: () => Promise.resolve(Buffer.alloc(0)),
    onAbort: () => {},
    ...change,
  };
}

export const PERMIT: Decision = {
  effect: 'permit',
  rules: ['research/models'],
  revision: 'sha256:abc',
  shadow: undefined,
  facts: {},
  obligations: [],
  quotas: [],
  ...UNBOUND,
};

const CHAT: Call = {
  id: 'call_1' as CallId,
  route: { name: 'openai', protocol: 'openai', upstreams: ['openai'], bodyBytesMax: 1_000 },
  dialect: 'openai-chat',
  access: {
    principal: ANA,
    action: 'model.generate',
    resource: { kind: 'model', upstream: 'openai', name: 'gpt-5' },
    args: { model: 'gpt-5', max_tokens: 256, temperature: 0.5 },
    run: rootRun('run_1'),
    context: { route: 'openai', timeMs: RECEIVED_AT_MS, stream: false },
  },
  upstreams: ['openai'],
  method: 'POST',
  target: '/chat/completions',
  headers: {},
  body: Buffer.from('{}'),
  splices: [],
  estimate: { inputTokens: 10, outputTokens: 256 },
  model: 'gpt-5',
  stream: false,
  hideUsage: false,
  abortable: true,
  rpc: undefined,
  candidates: [],
  fallbacks: [],
};

/** A chat completion with a permit behind it. */
export function chatCall(change: Partial<Call> = {}): PermittedCall {
  return { ...CHAT, ...change, decision: PERMIT } as unknown as PermittedCall;
}

/** A `tools/call` with a permit behind it. */
export function toolCall(change: Partial<Call> = {}): PermittedCall {
  return chatCall({
    dialect: 'mcp',
    route: { name: 'github', protocol: 'mcp', upstreams: ['github'], bodyBytesMax: 1_000 },
    access: {
      ...CHAT.access,
      action: 'tool.call',
      resource: { kind: 'tool', upstream: 'github', name: 'create_issue' },
      args: { title: 'a title' },
    },
    upstreams: ['github'],
    target: '',
    model: '',
    rpc: { id: '"req-7"', method: 'tools/call', revision: '2025-11-25' },
    ...change,
  });
}

export const METERED: Metered = {
  usage: { input: 100, cacheRead: 20, cacheWrite: 5, output: 40, reasoning: 10 },
  charge: { tokens: 165, money: 1_234 as MicroUsd },
  estimated: false,
  model: 'gpt-5-2026-01-01',
  responseId: 'chatcmpl-1',
  finishReasons: ['stop'],
};

/** The end of a call that went well, unless `change` says otherwise. */
export function recordOf(call: Call | undefined, change: Partial<CallRecord> = {}): CallRecord {
  return {
    id: 'call_1' as CallId,
    request: incoming(),
    principal: ANA,
    call,
    decision: PERMIT,
    quote: { tokens: 266, money: 2_000 as MicroUsd },
    standings: [],
    status: 200,
    metered: METERED,
    ending: 'complete',
    error: undefined,
    firstByteAtMs: RECEIVED_AT_MS + 80,
    endedAtMs: RECEIVED_AT_MS + 250,
    permitted: true,
    ...change,
  };
}
