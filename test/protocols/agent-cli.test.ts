// What each measured client is told of each refusal: the form that it shows to its user and does not repeat.
import { describe, expect, test } from 'vitest';
import type { Dialect } from '../../src/core/call.ts';
import { ERRORS, type ErrorCode } from '../../src/core/errors.ts';
import { PROTOCOLS } from '../../src/protocols/index.ts';
import { failure, told } from './errors.ts';

const CLAUDE = 'claude-cli/2.1.330 (external, sdk-cli)';
const CLAUDE_SDK = 'claude-cli/2.1.330 (external, sdk-ts, agent-sdk/0.3.330)';
const CODEX = 'codex_exec/0.169.0 (Debian 12)';
const OPENCODE = 'opencode/1.18.33 ai-sdk/provider-utils/4.0.1 runtime/bun/1.3.14';
const GEMINI = 'GeminiCLI-tui/0.61.0/gemini-3 (linux; x64; terminal)';
const QWEN = 'QwenCode/0.24.4 (linux; x64)';
const KIMI = 'kimi-code-cli/2.1.0';
const OPENAI_SDK = 'OpenAI/JS 7.57.0';
const ANTHROPIC_SDK = 'Anthropic/JS 1.12.0';
const AI_SDK = 'ai-sdk-openai/4.0.118 ai-sdk-provider-utils/5.0.81 node.js/24';
const LANGCHAIN = 'langchainjs-openai/1.0.0 (node)';

/** The status of each refusal: a rule, a budget, a rate or what running calls hold, a ledger that is lost. */
interface Row {
  readonly denied: number;
  readonly budget: number;
  readonly rate: number;
  readonly lost: number;
}

const CHAT_CLI: Row = { denied: 403, budget: 403, rate: 403, lost: 403 };
const CHAT_SDK: Row = { denied: 403, budget: 403, rate: 429, lost: 503 };
const MESSAGES_CLI: Row = { denied: 403, budget: 402, rate: 402, lost: 402 };
const MESSAGES_SDK: Row = { denied: 403, budget: 402, rate: 429, lost: 503 };

const CLIENTS: readonly (readonly [client: string, dialect: Dialect, row: Row])[] = [
  [CLAUDE, 'anthropic', MESSAGES_CLI],
  [CLAUDE_SDK, 'anthropic', MESSAGES_CLI],
  [OPENCODE, 'anthropic', MESSAGES_CLI],
  [KIMI, 'anthropic', MESSAGES_CLI],
  [ANTHROPIC_SDK, 'anthropic', MESSAGES_SDK],
  [OPENCODE, 'openai-chat', CHAT_CLI],
  [QWEN, 'openai-chat', CHAT_CLI],
  [KIMI, 'openai-chat', CHAT_CLI],
  [GEMINI, 'openai-chat', CHAT_CLI],
  [OPENAI_SDK, 'openai-chat', CHAT_SDK],
  [AI_SDK, 'openai-chat', CHAT_SDK],
  [LANGCHAIN, 'openai-chat', CHAT_SDK],
  [CODEX, 'openai-responses', { denied: 400, budget: 400, rate: 400, lost: 400 }],
  [OPENCODE, 'openai-responses', { denied: 400, budget: 400, rate: 400, lost: 400 }],
  [OPENAI_SDK, 'openai-responses', { denied: 400, budget: 400, rate: 429, lost: 503 }],
];

const CODES: readonly (readonly [code: ErrorCode, column: keyof Row])[] = [
  ['policy.denied', 'denied'],
  ['policy.hold', 'denied'],
  ['policy.obligation', 'denied'],
  ['price.unknown', 'denied'],
  ['limit.budget', 'budget'],
  ['limit.rate', 'rate'],
  ['limit.concurrency', 'rate'],
  ['limit.held', 'rate'],
  ['limit.lost', 'lost'],
];

describe.each(CLIENTS)('%s in %s', (client, dialect, row) => {
  const headers = { 'user-agent': client };

  test.each(CODES)('is told of %s as it understands it', (code, column) => {
    const wire = PROTOCOLS[dialect].error(failure(code, { rule: 'p/no', retryAfterMs: 9_000 }), told({ headers }));
    expect(wire.status).toBe(row[column]);
    expect(wire.body).toContain('the rule says no; ask the platform team (rule `p/no`)');
    const mayRetry = row[column] === 429;
    expect(wire.headers['x-should-retry']).toBe(String(mayRetry));
    expect(wire.headers['retry-after']).toBe(mayRetry ? '9' : undefined);
  });
});

describe('codex', () => {
  const headers = { 'user-agent': CODEX };
  const FINAL = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => {
    const { status, blame } = ERRORS[code];
    return code === 'limit.lost' || ['policy', 'limit'].includes(blame) || (blame === 'caller' && status !== 401);
  });

  test.each(FINAL)('stops at %s, in a stream by its own event and else at a 400', (code) => {
    const stream = PROTOCOLS['openai-responses'].error(failure(code), told({ headers, stream: true }));
    expect(stream.status).toBe(200);
    expect(stream.body).toMatch(/^event: response\.failed\n.*"code":"invalid_prompt","message":"the rule says no/);
    expect(PROTOCOLS['openai-responses'].error(failure(code), told({ headers })).status).toBe(400);
  });

  test.each(['identity.missing', 'identity.invalid', 'identity.expired'] as const)(
    'hears of %s as any client does, since another token would help',
    (code) => {
      const wire = PROTOCOLS['openai-responses'].error(failure(code), told({ headers, stream: true }));
      expect([wire.status, wire.headers['x-should-retry']]).toEqual([401, 'false']);
    },
  );

  test.each(['limit.unavailable', 'gateway.draining', 'upstream.unreachable'] as const)(
    'may try again after %s, which passes by itself',
    (code) => {
      const wire = PROTOCOLS['openai-responses'].error(failure(code), told({ headers, stream: true }));
      expect([wire.status, wire.headers['x-should-retry']]).toEqual([ERRORS[code].status, 'true']);
    },
  );

  test('is known by its originator too', () => {
    const wire = PROTOCOLS['openai-responses'].error(
      failure('limit.rate'),
      told({ headers: { originator: 'codex_vscode' }, stream: true }),
    );
    expect(wire.status).toBe(200);
  });
});
