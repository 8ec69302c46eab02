import { describe, expect, test } from 'vitest';
import { check, GOOD, problemsOf } from './bad.ts';

// The good config has 8 lines: what a test adds begins at line 9.
const redis = 'store: { kind: redis, url: redis://127.0.0.1:6379 }\n';
const dev = GOOD.replace('keys: { file: keys.yaml }', 'dev: true');

test('a config without contradictions is accepted', async () => {
  await expect(problemsOf(GOOD)).resolves.toEqual([]);
  await expect(problemsOf(dev)).resolves.toEqual([]);
});

describe('listeners', () => {
  test.each(['0.0.0.0', '"::"', '10.0.0.5', 'gateway.test'])('on %s need a store that is shared', async (host) => {
    for (const listener of ['listen', 'admin']) {
      const open = `${GOOD}${listener}:\n  host: ${host}\n`;
      await expect(problemsOf(open)).resolves.toEqual([
        expect.stringMatching(
          /^10:9: the memory store is for loopback only, but `.*` is open to others; configure `store` with Redis$/,
        ),
      ]);
      await expect(problemsOf(`${open}${redis}`)).resolves.toEqual([]);
    }
  });

  test('that others can reach refuse the dev issuer', async () => {
    for (const listener of ['listen', 'admin']) {
      await expect(problemsOf(`${dev}${redis}${listener}:\n  host: 0.0.0.0\n`)).resolves.toEqual([
        '11:9: the dev issuer is for loopback only, but `0.0.0.0` is open to others; take out `identity.dev`',
      ]);
    }
  });

  test('are apart', async () => {
    await expect(problemsOf(`${GOOD}listen: { port: 4001 }\n`)).resolves.toEqual([
      expect.stringContaining('the port 4001 is already that of `listen`'),
    ]);
    await expect(problemsOf(`${GOOD}listen: { port: 9 }\nadmin: { port: 9 }\n`)).resolves.toEqual([
      expect.stringContaining('10:16: the port 9'),
    ]);
    await expect(problemsOf(`${GOOD}listen: { port: 0 }\nadmin: { port: 0 }\n`)).resolves.toEqual([]);
    await expect(problemsOf(`${GOOD}listen: { port: 9 }\nadmin: { port: 9, host: "::1" }\n`)).resolves.toEqual([]);
  });
});

describe('delegation', () => {
  const issuer = (more = ''): string => `delegation: { issuer: "https://gw.test"${more} }\n`;

  test('has keys that do not lie in Redis as they are', async () => {
    await expect(problemsOf(`${GOOD}${issuer()}`)).resolves.toEqual([]);
    await expect(problemsOf(`${GOOD}${redis}${issuer()}`)).resolves.toEqual([
      expect.stringMatching(/^10:\d+: signing keys would lie in Redis unencrypted/),
    ]);
    await expect(problemsOf(`${GOOD}${redis}${issuer(', wrapKey: env:OPENAI_API_KEY')}`)).resolves.toEqual([]);
  });

  test('has a name of its own among the issuers', async () => {
    const other =
      '{ issuer: "https://gw.test", audience: gw, algorithms: [ES256], jwks: { url: "https://idp.test/jwks" } }';
    const both = GOOD.replace('keys: { file: keys.yaml }', `issuers: [${other}]`);
    await expect(problemsOf(`${both}${issuer()}`)).resolves.toEqual([
      expect.stringMatching(/^9:\d+: an issuer in `identity.issuers` has this name/),
    ]);
  });
});

describe('operators', () => {
  const issuerOf = (url: string, audience: string, more = ''): string =>
    `{ issuer: https://idp.test, audience: ${audience}, algorithms: [ES256], jwks: { url: "${url}" }${more} }`;
  const operators = (audience: string, url = 'https://idp.test/jwks'): string =>
    `admin:\n  operators:\n    issuers:\n      - ${issuerOf(url, audience, ', roles: { root: operator }')}\n`;
  const agents = GOOD.replace(
    'keys: { file: keys.yaml }',
    `issuers: [${issuerOf('https://idp.test/jwks', '[gw, gw2]')}]`,
  );

  test('may have the issuer of agents, with an audience of their own', async () => {
    await expect(problemsOf(`${agents}${operators('ops')}`)).resolves.toEqual([]);
    await expect(problemsOf(`${GOOD}${operators('gw')}`)).resolves.toEqual([]);
    for (const audience of ['gw2', '[ops, gw]']) {
      await expect(problemsOf(`${agents}${operators(audience)}`)).resolves.toEqual([
        expect.stringMatching(
          /^12:\d+: the audience `gw2?` of `https:\/\/idp.test` is already that of agents; operators’ tokens take one of their own$/,
        ),
      ]);
    }
  });

  test('have each issuer once, with keys from elsewhere unless that is allowed', async () => {
    await expect(problemsOf(`${GOOD}${operators('a')}      - ${operators('b').split('- ')[1]}`)).resolves.toEqual([
      expect.stringContaining('the issuer `https://idp.test` occurs twice'),
    ]);
    const local = `${GOOD}${operators('a', 'http://127.0.0.1:9/jwks')}`;
    await expect(problemsOf(local)).resolves.toEqual([expect.stringContaining('`outbound.allowLoopback: true`')]);
    await expect(problemsOf(`${local}outbound: { allowLoopback: true }\n`)).resolves.toEqual([]);
  });

  test('are loaded apart from the listener, so that a change of them takes no restart', async () => {
    const loaded = await check(`${GOOD}${operators('ops')}`);
    expect(loaded).toMatchObject({
      ok: true,
      value: { operators: [{ issuer: 'https://idp.test', audience: ['ops'], roles: { root: 'operator' } }] },
    });
    expect(loaded.ok && 'operators' in loaded.value.admin).toBe(false);
    await expect(check(GOOD)).resolves.toMatchObject({ value: { operators: [] } });
  });

  test('may have their keys in a file, whose faults are told', async () => {
    const inFile = `${GOOD}${operators('ops')}`.replace('{ url: "https://idp.test/jwks" }', '{ file: ops.json }');
    await expect(problemsOf(inFile)).resolves.toEqual([expect.stringContaining('`ops.json` cannot be read (ENOENT)')]);
    await expect(problemsOf(inFile, { 'ops.json': '{ "keys": [] }' })).resolves.toEqual([
      expect.stringContaining('ops.json'),
    ]);
  });
});

describe('identity', () => {
  const withIssuers = (...urls: string[]): string => {
    const issuers = urls.map(
      (url) =>
        `    - issuer: https://idp.test\n      audience: gw\n      algorithms: [ES256]\n      jwks: { url: "${url}" }\n`,
    );
    return GOOD.replace('  keys: { file: keys.yaml }\n', `  issuers:\n${issuers.join('')}`);
  };

  test.each([
    ['not said', GOOD.replace(/identity:\n.*\n/, ''), '1:1'],
    ['an empty list', GOOD.replace('keys: { file: keys.yaml }', 'issuers: []'), '3:3'],
    ['a switch that is off', GOOD.replace('keys: { file: keys.yaml }', 'dev: false'), '3:3'],
  ])('that is %s lets nobody in, which is no config', async (_, text, place) => {
    await expect(problemsOf(text)).resolves.toEqual([
      `${place}: nobody can be identified: expected \`issuers\`, \`keys\`, or on loopback \`dev: true\``,
    ]);
  });

  test('names each issuer once', async () => {
    await expect(problemsOf(withIssuers('https://idp.test/a', 'https://idp.test/b'))).resolves.toEqual([
      '8:15: the issuer `https://idp.test` occurs twice; give one entry all its settings',
    ]);
  });

  test.each(['http://127.0.0.1:9/jwks', 'https://localhost/jwks', 'http://[::1]/jwks'])(
    'fetches keys from %s only where that is allowed',
    async (url) => {
      await expect(problemsOf(withIssuers(url))).resolves.toEqual([
        '7:20: keys on loopback are fetched only with `outbound.allowLoopback: true`',
      ]);
      await expect(problemsOf(`${withIssuers(url)}outbound: { allowLoopback: true }\n`)).resolves.toEqual([]);
    },
  );
});

describe('upstreams', () => {
  test.each(['v1', 'v1beta', 'all-gemini', 'mcp', 'http', 'a2a', 'oauth', 'messages', 'healthz', 'readyz'])(
    'may not be named `%s`',
    async (name) => {
      await expect(problemsOf(`${GOOD}  ${name}: { protocol: openai, url: https://x.test/v1 }\n`)).resolves.toEqual([
        `9:3: the name \`${name}\` is the gateway’s own; choose another`,
      ]);
    },
  );

  test.each([
    ['openai', 'anthropic'],
    ['anthropic', 'openai'],
    ['openai', 'mcp'],
    ['gemini', 'openai'],
  ])('named `%s` do not speak `%s`', async (name, protocol) => {
    const text = GOOD.replace('  openai:\n    protocol: openai', `  ${name}:\n    protocol: ${protocol}`);
    await expect(problemsOf(text)).resolves.toEqual([
      `5:3: an upstream named \`${name}\` must speak the protocol of that name`,
    ]);
  });
});

describe('an upstream that speaks Gemini', () => {
  const google = (url: string) => problemsOf(`${GOOD}  google:\n    protocol: gemini\n    url: ${url}\n`);

  test.each(['https://google.test/v1', 'https://google.test/v1beta/', 'https://google.test/x/v1beta'])(
    'has no version in its address, as %s has',
    async (url) => {
      await expect(google(url)).resolves.toEqual([
        '11:10: expected an address without a version: the client’s own goes up with the call',
      ]);
    },
  );

  test('may have any other path', async () => {
    await expect(google('https://google.test/gemini')).resolves.toEqual([]);
  });
});

const tools = '  tools: { protocol: mcp, url: https://tools.test/mcp }\n';

describe('an alias', () => {
  test.each([
    ['opnai/gpt-5', 'unknown upstream `opnai`, did you mean `openai`?'],
    ['constructor/x', 'unknown upstream `constructor`, expected one of `openai`, `tools`'],
    ['tools/x', 'the upstream `tools` speaks MCP and has no models'],
    ['gpt-5', 'expected `upstream/model`'],
  ])('for %s is refused: %s', async (target, problem) => {
    await expect(problemsOf(`${GOOD}${tools}aliases:\n  fast: ${target}\n`)).resolves.toEqual([`11:9: ${problem}`]);
  });

  const azure =
    '  azure: { protocol: openai, url: https://azure.test/v1 }\n  claude: { protocol: anthropic, url: https://claude.test }\n';
  const several = (...targets: readonly string[]): Promise<readonly string[]> =>
    problemsOf(`${GOOD}${azure}aliases:\n  best:\n${targets.map((target) => `    - ${target}\n`).join('')}`);

  test('may lead to several upstreams of one protocol, each with a weight', async () => {
    await expect(
      several('{ to: openai/gpt-5, weight: 3 }', '{ to: azure/gpt-5 }', '{ to: azure/old, weight: 0 }'),
    ).resolves.toEqual([]);
  });

  test.each([
    ['{ to: nowhere/x }', '14:13: unknown upstream `nowhere`'],
    ['{ to: claude/opus }', '14:13: the upstream `claude` speaks `anthropic`, but the first target `openai`'],
    ['{ to: openai/gpt-5 }', '14:13: the target `openai/gpt-5` occurs twice'],
    ['{ to: azure/x, weight: -1 }', '14:30: expected at least 0'],
    ['{ to: azure/x, share: 1 }', '14:22: unknown'],
    ['{ to: azure }', '14:13: expected `upstream/model`'],
    ['azure/x', '14:7: expected a map'],
  ])('with a second target %s is refused: %s', async (target, problem) => {
    await expect(several('{ to: openai/gpt-5 }', target)).resolves.toEqual([expect.stringContaining(problem)]);
  });

  test('of a model that its path names has no `:`, which ends a name there', async () => {
    const google = '  google: { protocol: gemini, url: https://google.test }\n';
    await expect(problemsOf(`${GOOD}${google}aliases:\n  "a:b": openai/x\n  fast: google/x\n`)).resolves.toEqual([]);
    await expect(problemsOf(`${GOOD}${google}aliases:\n  "a:b": google/x\n`)).resolves.toEqual([
      '11:3: an alias of a model at `google`, which speaks Gemini, has no `:`',
    ]);
  });

  test('has the form of a model name', async () => {
    await expect(problemsOf(`${GOOD}aliases:\n  claude-sonnet-4.5: openai/a/b:c\n`)).resolves.toEqual([]);
    await expect(problemsOf(`${GOOD}aliases:\n  "a b": openai/x\n`)).resolves.toEqual([
      '10:3: expected a model name without spaces and slashes',
    ]);
  });
});

describe('a route', () => {
  const route = (path: string, upstreams = '[openai]', protocol = 'openai'): Promise<readonly string[]> =>
    problemsOf(
      `${GOOD}${tools}routes:\n  team:\n    path: ${path}\n    protocol: ${protocol}\n    upstreams: ${upstreams}\n`,
    );

  test('with a path and upstreams of one protocol is accepted', async () => {
    await expect(route('/team/v1')).resolves.toEqual([]);
    await expect(route('/openai/team/v1')).resolves.toEqual([]);
  });

  test.each([
    ['[opnai]', '14:17: unknown upstream `opnai`, did you mean `openai`?'],
    ['[openai, hasOwnProperty]', '14:25: unknown upstream `hasOwnProperty`'],
    ['[openai, tools]', '14:25: the upstream `tools` speaks `mcp`, but the route `openai`'],
  ])('to %s is refused: %s', async (upstreams, problem) => {
    await expect(route('/team/v1', upstreams)).resolves.toEqual([expect.stringContaining(problem)]);
  });

  test.each([
    ['/v1', 'the gateway itself'],
    ['/mcp/x', 'the gateway itself'],
    ['/healthz', 'the gateway itself'],
    ['/v1beta', 'the gateway itself'],
    ['/openai/v1', 'openai'],
    ['/openai', 'openai'],
  ])('at %s is refused: that belongs to `%s`', async (path, owner) => {
    await expect(route(path)).resolves.toEqual([`12:11: the path \`${path}\` belongs to \`${owner}\`; choose another`]);
  });

  test.each(['anthropic', 'gemini'])('at the shared path of %s is refused', async (other) => {
    await expect(route(`/${other}`)).resolves.toEqual([
      `12:11: the path \`/${other}\` belongs to \`${other}\`; choose another`,
    ]);
  });

  test('has a path and a name of its own', async () => {
    const two =
      'routes:\n  a: { path: /t/v1, protocol: openai, upstreams: [openai] }\n  b: { path: /t, protocol: openai, upstreams: [openai] }\n';
    await expect(problemsOf(`${GOOD}${two}`)).resolves.toEqual(['11:14: the path `/t` belongs to `a`; choose another']);
    const named = 'routes:\n  openai: { path: /t/v1, protocol: openai, upstreams: [openai] }\n';
    await expect(problemsOf(`${GOOD}${named}`)).resolves.toEqual([
      '10:3: the route `openai` has the name of an upstream; choose another',
    ]);
  });
});
