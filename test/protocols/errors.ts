import { type ErrorCode, GatewayError } from '../../src/core/errors.ts';
import type { Headers } from '../../src/core/exchange.ts';
import type { RpcRef } from '../../src/core/call.ts';
import type { ErrorContext } from '../../src/protocols/protocol.ts';

/** An error as a stage throws it. */
export function failure(code: ErrorCode, details: { rule?: string; retryAfterMs?: number } = {}): GatewayError {
  return new GatewayError(code, 'the rule says no; ask the platform team', details);
}

/** Who is told. */
export function told(who: { headers?: Headers; stream?: boolean; rpc?: RpcRef } = {}): ErrorContext {
  return {
    requestId: 'call_1',
    headers: who.headers ?? {},
    call: undefined,
    rpc: who.rpc,
    stream: who.stream ?? false,
  };
}

export const AGENT_CLIS = [
  'claude-cli/2.1.330 (external, sdk-cli)',
  'codex_exec/0.169.0 (Debian 12)',
  'opencode/1.18.33 ai-sdk/provider-utils/4.0.1 runtime/bun/1.3.14',
  'GeminiCLI-tui/0.61.0/gemini-3 (linux; x64; terminal)',
  'QwenCode/0.24.4 (linux; x64)',
  'kimi-code-cli/2.1.0',
];
export const SDKS = [
  'OpenAI/JS 7.57.0',
  'Anthropic/JS 1.12.0',
  'ai-sdk/openai-compatible/2.0.62',
  'curl/8',
  'my-codex',
];
