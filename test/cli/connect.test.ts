import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connect, type ConnectOptions } from '../../src/cli/connect.ts';
import { UsageError } from '../../src/cli/output.ts';
import { CLIENTS } from '../../src/connect/clients.ts';
import { CLIENT_NAMES, type ClientName, type Dialect } from '../../src/connect/names.ts';
import { type Ended, folder, run, runProcess } from './run.ts';

interface Called extends Ended {
  readonly home: string;
}

const SECRET = 'eyJ-the-token';

interface Machine {
  readonly home?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `waygate connect …` on a machine of the test's own; what is refused ends in an error. */
async function connectOn(
  { home = folder(), env = { WAYGATE_TOKEN: SECRET } }: Machine,
  options: Partial<ConnectOptions> & { readonly client: ClientName },
): Promise<Called> {
  const words = { out: [] as string[], err: [] as string[] };
  const output = {
    print: (text: string) => void words.out.push(text),
    say: (text: string) => void words.err.push(text),
  };
  const where = { home, project: join(home, 'project'), env };
  const code = await connect({ tokenEnv: 'WAYGATE_TOKEN', ...options }, { output, where, nowMs: 0 });
  return { code, out: words.out.join('\n'), err: words.err.join('\n'), home };
}

const WAYS = CLIENT_NAMES.flatMap((client) => [
  ...Object.keys(CLIENTS[client].models ?? {}).map((protocol) => ({ client, way: protocol })),
  ...(CLIENTS[client].mcp ? [{ client, way: 'mcp' }] : []),
]);

const optionsOf = ({ client, way }: { client: ClientName; way: string }): ConnectOptions => ({
  client,
  tokenEnv: 'WAYGATE_TOKEN',
  url: 'https://gateway.example.com',
  ...(way === 'mcp' ? { mcp: 'notes' } : { protocol: way as Dialect, model: 'some-model' }),
});

describe.each(WAYS)('$client, $way', (which) => {
  test('prints exactly this', async () => {
    const { out, err, home } = await connectOn({}, optionsOf(which));
    const text = `${out}\n\n${err}\n`.replaceAll(home, '~');
    await expect(text).toMatchFileSnapshot(`golden/connect-${which.client}-${which.way}.txt`);
    expect(text).not.toContain(SECRET);
  });

  test('prints the same as JSON', async () => {
    const { out, home } = await connectOn({}, { ...optionsOf(which), json: true });
    const whole = JSON.parse(out) as { readonly files: readonly { readonly path: string; readonly text: string }[] };
    expect(whole).toMatchObject({
      client: which.client,
      tokenEnv: 'WAYGATE_TOKEN',
      url: 'https://gateway.example.com',
    });
    for (const { path, text } of whole.files) {
      expect(path.startsWith(home)).toBe(true);
      expect(text).not.toBe('');
    }
    expect(out).not.toContain(SECRET);
  });
});

const hasFiles = ({ client, way }: { client: ClientName; way: string }): boolean => {
  const { models, mcp } = CLIENTS[client];
  return (way === 'mcp' ? mcp : models?.[way as Dialect])?.files !== undefined;
};

test.each(WAYS.filter(hasFiles))(
  '$client, $way: what is written is what is printed, once, and no token',
  async (which) => {
    const { home } = await connectOn({}, { ...optionsOf(which), write: true });
    const { out } = await connectOn({ home }, { ...optionsOf(which), json: true });
    const { files } = JSON.parse(out) as { files: readonly { path: string; text: string }[] };
    for (const { path, text } of files) {
      expect(readFileSync(path, 'utf8').trimEnd()).toBe(text);
      expect(text).not.toContain(SECRET);
    }
    const before = new Set(readdirSync(home, { recursive: true, encoding: 'utf8' }));
    const again = await connectOn({ home }, { ...optionsOf(which), write: true });
    expect(again.err).toContain('says so already');
    expect(again.out).not.toContain('@@');
    expect(new Set(readdirSync(home, { recursive: true, encoding: 'utf8' }))).toEqual(before);
  },
);

describe('writing', () => {
  const SETTINGS = '{\n  // mine\n  "env": {\n    "FOO": "1"\n  },\n  "apiKey": "sk-live-4711"\n}\n';

  test('shows what changes, keeps all else and a copy, and shows no secret of the file', async () => {
    const home = folder({ '.claude/settings.json': SETTINGS });
    const { out, err } = await connectOn({ home }, { client: 'claude-code', url: 'http://gw', write: true });
    const path = join(home, '.claude/settings.json');
    expect(out).toBe(
      [
        path,
        '@@ line 4',
        '-    "FOO": "1"',
        '+    "FOO": "1",',
        '+    "ANTHROPIC_BASE_URL": "http://gw"',
        '@@ line 6',
        '-  "apiKey": "[redacted]"',
        '+  "apiKey": "[redacted]",',
        '+  "apiKeyHelper": "printenv WAYGATE_TOKEN"',
      ].join('\n'),
    );
    expect(readFileSync(path, 'utf8')).toBe(
      '{\n  // mine\n  "env": {\n    "FOO": "1",\n    "ANTHROPIC_BASE_URL": "http://gw"\n  },\n  "apiKey": "sk-live-4711",\n  "apiKeyHelper": "printenv WAYGATE_TOKEN"\n}\n',
    );
    expect(readFileSync(`${path}.19700101T000000Z.bak`, 'utf8')).toBe(SETTINGS);
    expect(err).toContain(`wrote \`${path}\`; what was there is in \`${path}.19700101T000000Z.bak\``);
  });

  test('only tried, it shows the same and changes nothing', async () => {
    const home = folder({ '.claude/settings.json': SETTINGS });
    const tried = await connectOn({ home }, { client: 'claude-code', url: 'http://gw', dryRun: true });
    expect(readdirSync(join(home, '.claude'))).toEqual(['settings.json']);
    expect(readFileSync(join(home, '.claude/settings.json'), 'utf8')).toBe(SETTINGS);
    expect((await connectOn({ home }, { client: 'claude-code', url: 'http://gw', write: true })).out).toBe(tried.out);
  });

  test('goes into the project where that is asked for', async () => {
    const { home } = await connectOn(
      {},
      { client: 'opencode', model: 'm', url: 'http://gw', scope: 'project', write: true },
    );
    expect(readdirSync(join(home, 'project'))).toEqual(['opencode.json']);
  });

  test('a second of two files that cannot be read leaves the first as it is', async () => {
    const home = folder({ '.gemini/settings.json': '{}', '.gemini/.env': 'GOOGLE_GEMINI_BASE_URL="a\nb"\n' });
    const writing = connectOn({ home }, { client: 'gemini-cli', url: 'http://gw', write: true });
    await expect(writing).rejects.toThrow(/\.env` is left as it is/);
    expect(readFileSync(join(home, '.gemini/settings.json'), 'utf8')).toBe('{}');
  });

  test('says what stays in the shell', async () => {
    const { out } = await connectOn({}, { client: 'gemini-cli', url: 'http://gw', write: true });
    expect(out).toContain('in the shell:\n\nexport GEMINI_API_KEY="$WAYGATE_TOKEN"');
  });

  test('shows a reference to the variable as it is', async () => {
    const { out } = await connectOn({}, { client: 'cursor', mcp: 'notes', url: 'http://gw', write: true });
    expect(out).toContain('+        "Authorization": "Bearer ${env:WAYGATE_TOKEN}"');
  });
});

describe('the token', () => {
  test('is printed where that is asked for, and only then', async () => {
    const asked = await connectOn({}, { client: 'openai', url: 'http://gw', token: true });
    expect(asked.out).toBe(`export OPENAI_BASE_URL=http://gw/v1\nexport OPENAI_API_KEY=${SECRET}`);
    expect((await connectOn({}, { client: 'openai', url: 'http://gw' })).out).toContain(
      'OPENAI_API_KEY="$WAYGATE_TOKEN"',
    );
  });

  test('may be in another variable', async () => {
    const { out } = await connectOn({}, { client: 'codex', url: 'http://gw', tokenEnv: 'MINE' });
    expect(out).toContain('env_key = "MINE"');
  });

  test('is asked for where the variable does not hold one', async () => {
    const { err } = await connectOn({ env: {} }, { client: 'codex', url: 'http://gw' });
    expect(err).toContain(
      '`WAYGATE_TOKEN` is to hold a token: `export WAYGATE_TOKEN=$(waygate token --agent NAME)`, or a key',
    );
    expect((await connectOn({}, { client: 'codex', url: 'http://gw' })).err).not.toContain('is to hold a token');
    const asking = await connectOn({ env: {} }, { client: 'vscode', mcp: 'notes', url: 'http://gw' });
    expect(asking.err).not.toContain('is to hold a token');
  });
});

describe('settings that last', () => {
  test('are printed instead of variables where a scope is named', async () => {
    const { out, home } = await connectOn({}, { client: 'claude-code', url: 'http://gw', scope: 'project' });
    expect(out).toContain(`${home}/project/.claude/settings.json:\n\n{`);
    expect(out).not.toContain('export');
  });
});

describe('called wrongly', () => {
  test.each<[Partial<ConnectOptions> & { client: ClientName }, string]>([
    [{ client: 'cursor' }, '`cursor` is connected to MCP servers: pass `--mcp SERVER`'],
    [{ client: 'openai', mcp: 'notes' }, '`openai` is no client of MCP servers; leave out `--mcp`'],
    [
      { client: 'codex', mcp: 'notes', model: 'm' },
      '`--mcp` says it all; leave out `--upstream`, `--route`, `--protocol` and `--model`',
    ],
    [{ client: 'opencode' }, '`opencode` takes the names of models from its settings: pass `--model NAME`'],
    [{ client: 'opencode', protocol: 'gemini' }, '`opencode` speaks `openai`, `anthropic`, not `gemini`'],
    [{ client: 'codex', scope: 'project' }, '`codex` has no file for this in the scope `project`; leave out `--scope`'],
    [
      { client: 'openai', write: true },
      'the client has no file of settings: put what is printed without `--write` into its environment',
    ],
    [
      { client: 'codex', write: true, json: true },
      '`--json` and `--token` are for printing; leave them out, or `--write` and `--dry-run`',
    ],
    [
      { client: 'gemini-cli', dryRun: true, token: true },
      '`--json` and `--token` are for printing; leave them out, or `--write` and `--dry-run`',
    ],
    [{ client: 'codex', token: true }, '`codex` reads the token from `WAYGATE_TOKEN` alone; leave out `--token`'],
  ])('%j', async (options, message) => {
    await expect(connectOn({}, { url: 'http://gw', ...options })).rejects.toThrow(new UsageError(message));
  });

  test('`--token` without a token', async () => {
    await expect(connectOn({ env: {} }, { client: 'openai', token: true })).rejects.toThrow(
      '`WAYGATE_TOKEN` holds no token',
    );
  });

  test.each([
    [
      ['nobody'],
      /^command-argument value `nobody` is invalid for argument `client`: allowed choices are claude-code, /,
    ],
    [['codex', '--url', 'ftp://x'], /expected an address like `https:\/\/gateway\.example\.com`/],
    [['codex', '--url', 'https://u:p@x'], /expected an address like/],
    [['codex', '--token-env', 'eyJ.abc'], /expected the name of a variable like `WAYGATE_TOKEN`, not a token/],
    [['codex', '--model', 'a b'], /expected the name of a model/],
    [['codex', '--mcp', 'A/B'], /expected a name of lower-case letters, digits and `-`/],
    [['codex', '--scope', 'all'], /allowed choices are user, project/],
  ])('%j', async (argv, message) => {
    const { code, out, err } = await run('connect', ...argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
  });
});

test('as a process it reads HOME and the configuration of the folder', () => {
  const home = folder({
    'waygate.yaml':
      'version: 1\nlisten: { port: 4444 }\nupstreams: { a: { protocol: openai, url: "http://127.0.0.1:1/v1" } }\n',
  });
  const { code, out } = runProcess(['connect', 'codex', '--write'], { cwd: home, env: { HOME: home } });
  expect(code).toBe(0);
  expect(out).toContain('+base_url = "http://127.0.0.1:4444/v1"');
  expect(readFileSync(join(home, '.codex/config.toml'), 'utf8')).toContain('env_key = "WAYGATE_TOKEN"');
});
