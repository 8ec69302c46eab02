import { expect, test } from 'vitest';
import { patientWait } from '../../src/runs/approval-patience.ts';
import { AGENT_CLIS } from '../protocols/errors.ts';

const FIVE_MINUTES = 300_000;

test.each([
  ['GeminiCLI-tui/0.61.0/gemini-3 (linux; x64; terminal)', 45_000],
  ['QwenCode/0.24.4 (linux; x64)', 100_000],
  ['claude-cli/2.1.330 (external, sdk-cli)', 300_000],
  ['codex_exec/0.169.0 (Debian 12)', 300_000],
  ['google-genai-sdk/2.0.0 gl-node/v24', 300_000],
  ['OpenAI/JS 7.57.0', 270_000],
  ['', 270_000],
])('`%s` is kept waiting %i ms at most, whatever the policy says', (agent, ms) => {
  expect(patientWait({ dialect: 'openai-chat', headers: { 'user-agent': agent } }, FIVE_MINUTES)).toBe(ms);
  expect(patientWait({ dialect: 'openai-chat', headers: { 'user-agent': agent } }, 30_000)).toBe(30_000);
});

test('a tool call is kept waiting less than MCP clients take', () => {
  for (const agent of [...AGENT_CLIS, 'node']) {
    expect(patientWait({ dialect: 'mcp', headers: { 'user-agent': agent } }, FIVE_MINUTES)).toBe(50_000);
  }
  expect(patientWait({ dialect: 'mcp', headers: {} }, 30_000)).toBe(30_000);
});
