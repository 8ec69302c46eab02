// `waygate run` on a gateway in operation, with a program that uses SDKs.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { CHAT, postChat } from '../support/chat.ts';
import { CLIENT_POLICY, type DemoGateway, startDemoGateway } from '../support/demo.ts';
import { operate, OPERATORS } from '../support/operators.ts';
import { type Ended, startProcess } from './run.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const AGENT = fileURLToPath(new URL('programs/agent.mjs', import.meta.url));
const POLICY = {
  ...CLIENT_POLICY,
  applies: 'agent in ["node", "researcher"]',
  rules: [...CLIENT_POLICY.rules, { id: 'runs', allow: 'run.spawn', on: 'agent/waygate/*' }],
};

let gateway: DemoGateway;

beforeAll(async () => {
  gateway = await startDemoGateway({
    config: {
      identity: { dev: true },
      admin: { operators: OPERATORS },
      delegation: { issuer: 'https://gateway.test' },
      audit: { dir: 'audit' },
    },
    policies: { 'clients.yaml': POLICY },
  });
});
afterAll(() => gateway.stop());

const waygate = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  startProcess(['run', ...args], { cwd: gateway.waygate.dir, env });

const program = (...args: readonly string[]): readonly string[] => ['--', process.execPath, AGENT, ...args];

describe('a program that is run', () => {
  let ended: Ended;
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    const secrets = { WAYGATE_ADMIN_TOKEN: '', ANTHROPIC_API_KEY: 'sk-of-the-user', OPENAI_API_KEY: 'sk-of-the-user' };
    ended = await waygate(['--budget', '5USD', ...program('work', '7')], secrets);
    env = JSON.parse(ended.out) as typeof env;
  });

  test('finds the gateway by its environment, and its exit code is told', () => {
    expect(ended.code).toBe(7);
    expect(env).toMatchObject({
      OPENAI_BASE_URL: `${gateway.waygate.url}/v1`,
      ANTHROPIC_BASE_URL: gateway.waygate.url,
      GOOGLE_GEMINI_BASE_URL: `${gateway.waygate.url}/gemini`,
      WAYGATE_RUN: expect.stringMatching(/^run_/) as string,
    });
  });

  test('has the key of its run, and no credential of whoever started it', () => {
    const key = env['WAYGATE_TOKEN'];
    expect(key).toMatch(/^wgr_/);
    expect(env).toMatchObject({ OPENAI_API_KEY: key, ANTHROPIC_AUTH_TOKEN: key, GEMINI_API_KEY: key });
    expect(env).not.toHaveProperty('ANTHROPIC_API_KEY');
    expect(env).not.toHaveProperty('WAYGATE_ADMIN_TOKEN');
    expect(JSON.stringify(env)).not.toContain('sk-of-the-user');
  });

  test('leaves a key that opens nothing any more', async () => {
    const answer = await postChat(gateway.waygate.url, env['WAYGATE_TOKEN'] ?? '', CHAT);
    expect(answer.status).toBeGreaterThanOrEqual(401);
    expect(answer.status).toBeLessThanOrEqual(403);
  });

  test('gets a receipt: its tree, steps, tools, money, and what was refused', () => {
    const { err } = ended;
    expect(err).toContain(`node ended with 7 after`);
    expect(err).toMatch(new RegExp(`^node +${env['WAYGATE_RUN']} +node +done +4 `, 'm'));
    expect(err).toMatch(/^money +0\.0\d+ USD of 5 USD, 4 steps, \d+ tokens$/m);
    expect(err).toMatch(/^calls +model\.generate 2, (?:run\.spawn 1, tool\.call 1|tool\.call 1, run\.spawn 1)$/m);
    expect(err).toMatch(/^tools +tool\/notes\/echo 1$/m);
    expect(err).toMatch(/^refused +clients\/no-delete 1$/m);
  });
});

describe('a run within a run', () => {
  test('is below it in the tree, and its budget is carved from there', async () => {
    const inner = [process.execPath, MAIN, 'run', '--budget', '1USD', '--name', 'inner', ...program('work')];
    const ended = await waygate(['--budget', '5USD', '--name', 'outer', '--', ...inner]);
    expect(ended.err).toMatch(/^inner +run_\w+ +node +done/m);
    expect(ended.err).toMatch(/^outer +run_\w+ +node +done/m);
    expect(ended.err).toMatch(/^└─ inner +run_/m);
    const more = await waygate(['--budget', '5USD', '--', ...inner.with(4, '6USD')]);
    expect(more.err).toMatch(/the gateway begins no run: .*6\.00 USD|the gateway begins no run: .*budget/);
  });
});

describe('the budget of a run', () => {
  test('is all that its program can spend', async () => {
    const ended = await waygate(['--budget', '0.0009USD', ...program('spend')]);
    expect(ended.out).toMatch(/^[1-8] calls, then 40[23] /);
    expect(ended.err).toMatch(/^refused +\S+ 1$/m);
  });
});

describe('a run and its program', () => {
  let child: ChildProcess;
  let said: { out: string; err: string };
  let code: Promise<number | null>;

  const begin = (args: readonly string[]): void => {
    child = spawn(process.execPath, [MAIN, 'run', ...args], {
      cwd: gateway.waygate.dir,
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    child.stdout?.on('data', (data: Buffer) => (said.out += data.toString()));
    child.stderr?.on('data', (data: Buffer) => (said.err += data.toString()));
    code = new Promise((resolve) => child.once('exit', resolve));
  };
  beforeEach(() => {
    said = { out: '', err: '' };
  });

  test.each([
    ['as the operators’ API tells', []],
    ['as its own key tells, where no operator is at hand', ['--admin-url', 'http://127.0.0.1:9']],
  ])('the program is ended when the run is killed, %s', async (_, args) => {
    begin([...args, ...program('loop')]);
    await expect.poll(() => said.out.trim(), { timeout: 10_000 }).toMatch(/^run_/);
    const killed = await operate(gateway.waygate, `runs/${said.out.trim()}/kill`, {
      tenant: 'default',
      reason: 'it loops',
    });
    expect(killed.status).toBe(200);
    expect(await code).toBe(143);
    expect(said.err).toMatch(/the run has ended: .*killed by olga: it loops/);
    expect(said.err).toContain('node is told to end');
  });

  test('a program that does not end by itself is ended', async () => {
    begin(program('deaf'));
    await expect.poll(() => said.out.trim(), { timeout: 10_000 }).toMatch(/^run_/);
    await operate(gateway.waygate, `runs/${said.out.trim()}/kill`, { tenant: 'default', reason: 'it hangs' });
    expect(await code).toBe(137);
    expect(said.out).toContain('no');
  });

  test('a signal reaches the program, whose exit code is told', async () => {
    begin(program('signal'));
    await expect.poll(() => said.out, { timeout: 10_000 }).toContain('ready');
    child.kill('SIGTERM');
    expect(await code).toBe(42);
    expect(said.err).toContain('node ended with 42');
  });
});

describe('a run is not begun', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['under a policy that is not there', ['--policy', 'client'], /policy `client`.*did you mean `clients`/],
    [
      'under a policy that does not apply',
      ['--policy', 'clients', '--agent', 'mallory'],
      /does not apply to the agent `mallory`/,
    ],
    ['with a budget that is none', ['--budget', '5EUR'], /expected an amount like `5USD`/],
  ])('%s', async (_, args, message) => {
    const ended = await waygate([...args, ...program('work')]);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toMatch(message);
  });

  test('for an agent that policies allow none', async () => {
    const ended = await waygate(['--agent', 'mallory', ...program('work')]);
    expect(ended).toMatchObject({ code: 1, out: '' });
    expect(ended.err).toMatch(/^the gateway begins no run: /);
  });

  test('for a program that cannot be started: then its key is ended again', async () => {
    const ended = await waygate(['--agent', 'node', '--', 'no-such-program']);
    expect(ended.code).toBe(1);
    expect(ended.err).toContain('`no-such-program` cannot be started (ENOENT)');
    const { body } = await operate(gateway.waygate, 'runs?tenant=default&limit=100');
    const { runs } = body as { readonly runs: readonly { readonly name: string; readonly state: string }[] };
    const [run] = runs.filter(({ name }) => name === 'no-such-program');
    expect(run).toBeDefined();
    expect(run?.state).not.toBe('live');
  });

  test('under a policy that applies, it is', async () => {
    const ended = await waygate(['--policy', 'clients', '--agent', 'researcher', ...program('work')]);
    expect(ended.code).toBe(0);
    expect(ended.err).toMatch(/^node +run_\w+ +researcher +done/m);
  });
});
