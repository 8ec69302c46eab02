// The Claude Agent SDK, which runs Claude Code as a process of its own: what that sends is seen by a proxy before the gateway.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSdkMcpServer, type Options, query, type SDKMessage, tool } from '@anthropic-ai/claude-agent-sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CLIENT_POLICY, type DemoGateway, startDemoGateway } from '../../support/demo.ts';
import { type Passed, type RecordingProxy, recordingProxy } from '../../support/recording-proxy.ts';
import { token } from '../../support/waygate.ts';

let gateway: DemoGateway;
let proxy: RecordingProxy;
let bearer: string;
let home: string;

beforeAll(async () => {
  gateway = await startDemoGateway({ policies: { 'clients.yaml': CLIENT_POLICY } });
  proxy = await recordingProxy(gateway.waygate.url);
  bearer = await token();
  home = mkdtempSync(join(tmpdir(), 'waygate-agent-'));
});
afterAll(async () => {
  await proxy.close();
  await gateway.stop();
  rmSync(home, { recursive: true, force: true });
});
/** What the tests before this one sent. */
const earlier: Passed[] = [];
beforeEach(() => void earlier.push(...proxy.passed.splice(0)));

/** As `waygate connect claude-agent-sdk` says, and nothing beyond loopback. */
const options = (more: Options): Options => ({
  cwd: home,
  model: 'demo-small',
  maxTurns: 4,
  tools: [],
  settingSources: [],
  ...more,
  env: {
    PATH: process.env['PATH'],
    HOME: home,
    CLAUDE_CONFIG_DIR: home,
    ANTHROPIC_BASE_URL: proxy.url,
    ANTHROPIC_AUTH_TOKEN: bearer,
    ANTHROPIC_SMALL_FAST_MODEL: 'demo-small',
    ANTHROPIC_DEFAULT_HAIKU_MODEL: 'demo-small',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    IS_SANDBOX: '1',
    ...more.env,
  },
});

async function run(prompt: string, more: Options = {}): Promise<readonly SDKMessage[]> {
  const messages: SDKMessage[] = [];
  for await (const message of query({ prompt, options: options(more) })) messages.push(message);
  return messages;
}

const modelCalls = (): readonly Passed[] => proxy.passed.filter(({ url }) => url.startsWith('/v1/messages'));
const answerOf = (messages: readonly SDKMessage[]): string => {
  const last = messages.findLast((message) => message.type === 'result');
  return last?.subtype === 'success' ? last.result : `no answer: ${JSON.stringify(last)}`;
};
const sessionOf = (messages: readonly SDKMessage[]): string => messages.at(-1)?.session_id ?? '';

const sums = () =>
  createSdkMcpServer({
    name: 'sums',
    tools: [
      tool('add', 'adds', { a: z.number(), b: z.number() }, ({ a, b }) =>
        Promise.resolve({ content: [{ type: 'text', text: `the sum is ${a + b}` }] }),
      ),
    ],
  });
const notes = () => ({
  type: 'http' as const,
  url: `${proxy.url}/mcp/notes`,
  headers: { authorization: `Bearer ${bearer}` },
});

describe('the Claude Agent SDK', { timeout: 120_000 }, () => {
  test('an answer arrives piece by piece, with its usage', async () => {
    const messages = await run('tell me something long', { includePartialMessages: true });
    const pieces = messages.filter(
      (message) => message.type === 'stream_event' && message.event.type === 'content_block_delta',
    );
    expect(pieces.length).toBeGreaterThan(2);
    expect(answerOf(messages)).toContain('tell me something long');
    expect(messages.findLast((message) => message.type === 'result')?.usage.output_tokens).toBeGreaterThan(0);
    expect(modelCalls().map(({ status }) => status)).toEqual([200]);
  });

  test('a tool of the agent itself is called, and the answer goes on from its result', async () => {
    const messages = await run('call add with {"a":1,"b":2}', {
      mcpServers: { sums: sums() },
      allowedTools: ['mcp__sums__add'],
    });
    expect(answerOf(messages)).toContain('the sum is 3');
    expect(modelCalls()).toHaveLength(2);
  });

  test('a tool behind the gateway is called, of those that the caller may use', async () => {
    const messages = await run('call add with {"a":2,"b":3}', {
      mcpServers: { notes: notes() },
      allowedTools: ['mcp__notes__add'],
    });
    const start = messages.find((message) => message.type === 'system' && message.subtype === 'init');
    expect(start).toMatchObject({ mcp_servers: [{ name: 'notes', status: 'connected' }] });
    expect(start).toMatchObject({ tools: expect.arrayContaining(['mcp__notes__add']) as string[] });
    expect(start).not.toMatchObject({ tools: expect.arrayContaining(['mcp__notes__delete_note']) as string[] });
    expect(answerOf(messages)).toContain('5');
    expect(proxy.passed.filter(({ url }) => url === '/mcp/notes').length).toBeGreaterThan(1);
  });

  test('a refusal reaches the caller after one request, with the rule and its reason', async () => {
    const error = await run('hello', { model: 'demo-large' }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(String(error)).toContain('clients/no-large');
    expect(String(error)).toContain('the large model is for people');
    expect(modelCalls().map(({ status }) => status)).toEqual([403]);
  });

  test('calls of one session are one run, those of another session are another', async () => {
    const first = await run('call add with {"a":1,"b":2}', {
      mcpServers: { sums: sums() },
      allowedTools: ['mcp__sums__add'],
    });
    const second = await run('hello');
    const calls = modelCalls();
    const session = ({ headers }: Passed): unknown => headers['x-claude-code-session-id'];
    expect(calls.map(session)).toEqual([sessionOf(first), sessionOf(first), sessionOf(second)]);
    const runs = calls.map(({ run: id }) => id);
    expect(runs[0]).toMatch(/^run_/);
    expect(runs[1]).toBe(runs[0]);
    expect(runs[2]).not.toBe(runs[0]);
  });

  test('a sub-agent says which one it is', async () => {
    const task = { description: 'greet', prompt: 'hello', subagent_type: 'greeter', run_in_background: false };
    const messages = await run(`call Agent with ${JSON.stringify(task)}`, {
      tools: ['Agent'],
      allowedTools: ['Agent'],
      agents: { greeter: { description: 'greets', prompt: 'You greet.', model: 'inherit' } },
    });
    expect(answerOf(messages)).not.toContain('no answer');
    const calls = modelCalls();
    // The agent itself, its sub-agent, and the agent again.
    const named = calls.map(({ headers }) => headers['x-claude-code-agent-id'] !== undefined);
    expect(named).toEqual([false, true, false]);
    expect(new Set(calls.map(({ headers }) => headers['x-claude-code-session-id']))).toEqual(
      new Set([sessionOf(messages)]),
    );
  });

  test('nothing is asked of the gateway that it does not serve', () => {
    expect(earlier.length).toBeGreaterThan(10);
    expect(
      earlier.filter(({ url, status = 0 }) => status === 404 || (status === 405 && !url.startsWith('/mcp'))),
    ).toEqual([]);
  });
});
