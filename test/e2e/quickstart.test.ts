// What a person sees who has nothing but a clone: the start without configuration, and the call that it prints.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { freePair } from '../support/redis.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const run = promisify(execFile);

let dir: string;
let port: number;
let output = '';
let stop: () => Promise<number | null>;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'waygate-quick-'));
  const {
    OPENAI_API_KEY: _,
    ANTHROPIC_API_KEY: __,
    MOONSHOT_API_KEY: ___,
    GEMINI_API_KEY: ____,
    GOOGLE_API_KEY: _____,
    ...env
  } = process.env;
  await start(env);
});

async function start(env: NodeJS.ProcessEnv): Promise<void> {
  output = '';
  // The operators' port is the next one.
  port = await freePair();
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', String(port)], {
    cwd: dir,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  await new Promise<void>((resolve, reject) => {
    void exited.then(() => reject(new Error(output)));
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      if (output.includes('waygate.mjs token')) resolve();
    });
  });
  stop = async () => {
    child.kill('SIGTERM');
    return exited;
  };
}
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const tokenOf = (): string => /WAYGATE_TOKEN=(\S+)/.exec(output)?.[1] ?? '';

describe('a start without any configuration', () => {
  test('prints base addresses, a token and what the policies refuse, in a handful of lines', () => {
    const banner = output.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    expect(banner.length).toBeLessThanOrEqual(14);
    expect(output).toContain(`http://127.0.0.1:${port}/v1`);
    expect(output).toContain(`http://127.0.0.1:${port}/mcp/demo`);
    expect(output).toMatch(/refuse: .*delete_note/);
  });

  test('the printed curl, pasted into a shell, is answered', async () => {
    const lines = output.split('\n').map((line) => line.trim());
    const begin = lines.findIndex((line) => line.startsWith('export WAYGATE_TOKEN='));
    const { stdout } = await run('sh', ['-c', lines.slice(begin, begin + 3).join('\n')]);
    expect(JSON.parse(stdout)).toMatchObject({ object: 'chat.completion' });
  });

  test('the demo tools refuse what the example policies say, in a result that names the rule', async () => {
    const client = new Client({ name: 'quickstart', version: '1' });
    const headers = { authorization: `Bearer ${tokenOf()}` };
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp/demo`), { requestInit: { headers } }),
    );
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).not.toContain('delete_note');
    const refused = await client.callTool({
      name: 'send_mail',
      arguments: { to: 'eve@evil.test', subject: 'x', body: 'y' },
    });
    expect(refused).toMatchObject({ isError: true });
    expect(JSON.stringify(refused.content)).toMatch(/demo\/[\w-]+/);
    await client.close();
  });

  test('the printed token is exchanged for one of a sub-agent, which is taken', async () => {
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: tokenOf(),
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      agent_name: 'reviewer',
    };
    const reply = await fetch(`http://127.0.0.1:${port}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    const { access_token: apiKey } = (await reply.json()) as { access_token: string };
    const client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey });
    const answer = await client.chat.completions.create({
      model: 'demo-small',
      messages: [{ role: 'user', content: 'hello' }],
    });
    expect(answer.choices[0]?.message.content).toBeTruthy();
  });

  test('`waygate token` mints a token for another agent, which is taken', async () => {
    const { stdout } = await run(process.execPath, [MAIN, 'token', '--agent', 'reviewer'], { cwd: dir });
    const client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: stdout.trim() });
    const answer = await client.chat.completions.create({
      model: 'demo-small',
      messages: [{ role: 'user', content: 'hello' }],
    });
    expect(answer.choices[0]?.message.content).toBeTruthy();
  });

  test('the dev key is readable by its owner alone, and SIGTERM ends the process with 0', async () => {
    expect(statSync(join(dir, '.waygate', 'dev-issuer.json')).mode & 0o077).toBe(0);
    expect(await stop()).toBe(0);
  });
});
