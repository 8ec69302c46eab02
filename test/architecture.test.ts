// The boundaries of src/, as data. A folder or package that is not named here may not be imported.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));
const TEST = fileURLToPath(new URL('./', import.meta.url));

/** Folder → the folders it may import, itself and `core` always included. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  documents: [],
  http: ['protocols'],
  identity: [],
  routes: ['protocols'],
  protocols: [],
  runs: ['protocols'],
  policy: ['documents'],
  limits: [],
  upstreams: [],
  metering: ['protocols'],
  audit: [],
  outbound: [],
  signing: [],
  telemetry: [],
  admin: ['http', 'runs'],
  demo: [],
  config: ['documents', '*/schema.ts'],
  connect: ['protocols/json-outline.ts'],
};

/** What stands above the folders, the composition root in `open/` and `bind/` with it. `types` may be imported as types only. */
const TOP: Readonly<
  Record<string, { readonly values: readonly string[] | 'all'; readonly types: readonly string[] | 'all' }>
> = {
  'main.ts': { values: ['cli', 'core'], types: [] },
  'gateway.ts': { values: ['core'], types: 'all' },
  'stages.ts': { values: [], types: 'all' },
  'compose.ts': { values: 'all', types: 'all' },
  'bind/bind.ts': { values: 'all', types: 'all' },
  'bind/admitting.ts': { values: ['core', 'limits', 'runs'], types: 'all' },
  'bind/approvals.ts': { values: ['core', 'protocols', 'runs'], types: 'all' },
  'bind/charging.ts': { values: ['core', 'metering'], types: 'all' },
  'bind/closing.ts': { values: ['limits', 'runs', 'telemetry'], types: 'all' },
  'bind/delegation.ts': { values: ['core', 'identity', 'runs'], types: 'all' },
  'bind/forwarding.ts': { values: ['policy', 'protocols', 'routes', 'upstreams'], types: 'all' },
  'bind/history.ts': { values: ['core', 'runs'], types: 'all' },
  'bind/identities.ts': { values: ['identity'], types: 'all' },
  'bind/parts.ts': { values: [], types: 'all' },
  'bind/reading.ts': { values: ['core', 'http', 'routes', 'runs'], types: 'all' },
  'bind/routes.ts': { values: ['config', 'core', 'routes'], types: 'all' },
  'bind/spawn.ts': { values: ['core', 'identity', 'metering', 'runs'], types: 'all' },
  'bind/upstreams.ts': { values: ['config', 'core', 'metering', 'telemetry', 'upstreams'], types: 'all' },
  'open/approvals.ts': { values: ['core', 'limits', 'runs'], types: 'all' },
  'open/audit.ts': { values: ['audit', 'core'], types: 'all' },
  'open/delegation.ts': { values: ['core', 'identity', 'limits', 'signing'], types: 'all' },
  'open/history.ts': { values: ['core', 'limits', 'runs'], types: 'all' },
  'open/ledger.ts': { values: ['audit', 'config', 'core', 'limits', 'runs', 'telemetry'], types: 'all' },
  'open/limits.ts': { values: ['core', 'limits'], types: 'all' },
  'open/notices.ts': { values: ['core', 'limits', 'outbound'], types: 'all' },
  'open/rollback.ts': { values: ['core', 'protocols', 'runs'], types: 'all' },
  'open/runs.ts': { values: ['core', 'limits', 'runs'], types: 'all' },
};

/** Package → the only places that may import it. A name ending in `/` is a scope. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  jose: ['identity/', 'signing/'],
  ioredis: ['redis.ts', 'compose.ts'],
  undici: ['upstreams/', 'outbound/'],
  '@opentelemetry/': ['telemetry/'],
  hono: ['http/', 'admin/'],
  '@hono/': ['http/', 'admin/'],
  zod: ['schema.ts', 'documents/'],
  commander: ['cli/'],
  '@modelcontextprotocol/': ['demo/'],
  '@marcbachmann/cel-js': ['policy/'],
  re2js: ['policy/'],
  yaml: ['documents/', 'identity/', 'demo/'],
  '@pydantic/genai-prices': ['metering/'],
  'eventsource-parser': ['metering/', 'protocols/'],
  pino: ['telemetry/'],
  cockatiel: ['upstreams/'],
  'smol-toml': ['connect/'],
  'strip-json-comments': ['connect/'],
  'lru-cache': ['identity/', 'limits/', 'metering/', 'policy/', 'runs/', 'upstreams/'],
};

const PURE = ['documents/', 'policy/', 'protocols/', 'metering/'];
const IMPURE = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.|\bperformance\.now\(|from 'node:/;

interface Import {
  readonly file: string;
  readonly from: string;
  readonly typeOnly: boolean;
}

function files(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort();
}

function importsOf(file: string, text: string): Import[] {
  const found = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/gm);
  return [...found].map((match) => ({
    file,
    from: (match[2] ?? match[3]) as string,
    typeOnly: match[1] !== undefined,
  }));
}

/** What is wrong with one import, or undefined. */
function fault({ file, from, typeOnly }: Import): string | undefined {
  if (from.startsWith('node:')) return undefined;
  if (!from.startsWith('.')) {
    const owner = Object.entries(OWNERS).find(([name]) =>
      name.endsWith('/') ? from.startsWith(name) : from === name || from.startsWith(`${name}/`),
    );
    if (!owner) return `${file} imports ${from}, which no folder owns`;
    const allowed = owner[1].some((place) =>
      place.endsWith('/') ? file.startsWith(place) : file === place || file.endsWith(`/${place}`),
    );
    return allowed ? undefined : `${file} imports ${from}, which belongs to ${owner[1].join(', ')}`;
  }
  const target = normalize(join(dirname(file), from));
  const wrong = `${file} imports ${target}`;
  const top = TOP[file];
  if (top) {
    const allowed = typeOnly && top.types === 'all' ? 'all' : top.values;
    const own = dirname(file) === '.' ? [] : [dirname(file)];
    return allowed === 'all' ||
      !target.includes('/') ||
      [...own, ...allowed].some((folder) => target.startsWith(`${folder}/`))
      ? undefined
      : wrong;
  }
  const folder = file.slice(0, file.indexOf('/'));
  if (folder === 'cli') return target.startsWith('../') ? wrong : undefined;
  const allowed = MAY_IMPORT[folder];
  if (!allowed) return `${folder}/ is not in the table`;
  const ok = [folder, ...(folder === 'core' ? [] : ['core']), ...allowed].some((place) =>
    place.startsWith('*/')
      ? target.endsWith(place.slice(1))
      : place.endsWith('.ts')
        ? target === place
        : target.startsWith(`${place}/`),
  );
  return ok ? undefined : wrong;
}

const sources = files(SRC).map((file) => ({ file, text: readFileSync(join(SRC, file), 'utf8') }));

describe('boundaries', () => {
  test('every import is one that the table allows', () => {
    expect(
      sources.flatMap(({ file, text }) => importsOf(file, text).map(fault)).filter((wrong) => wrong !== undefined),
    ).toEqual([]);
  });

  test.each([
    ['policy/decide.ts', "import { x } from '../limits/reserve.ts';"],
    ['core/errors.ts', "import { z } from 'zod';"],
    ['limits/reserve.ts', "import { Redis } from 'ioredis';"],
    ['http/data-app.ts', "import { request } from 'undici';"],
    ['routes/table.ts', "import leftPad from 'left-pad';"],
    ['documents/document.ts', "import { ruleSchema } from '../policy/schema.ts';"],
    ['policy/compile.ts', "import { parseDocument } from 'yaml';"],
    ['gateway.ts', "import { decide } from './policy/decide.ts';"],
    ['unknown/x.ts', "import { x } from '../core/errors.ts';"],
    ['upstreams/forward.ts', "export * from '../metering/tap.ts';"],
  ])('the table refuses a bad import in %s', (file, text) => {
    expect(importsOf(file, text).map(fault)).toEqual([expect.any(String)]);
  });

  test('the pure folders have no clock, no randomness and no I/O', () => {
    const impure = sources.filter(
      ({ file, text }) => PURE.some((folder) => file.startsWith(folder)) && IMPURE.test(text),
    );
    expect(impure.map(({ file }) => file)).toEqual([]);
    expect(IMPURE.test('const now = Date.now();')).toBe(true);
  });

  test('no file has a default export, and no folder a barrel', () => {
    expect(sources.filter(({ text }) => /^export default/m.test(text)).map(({ file }) => file)).toEqual([]);
    const barrels = sources.filter(({ file }) => file.endsWith('/index.ts') && file !== 'protocols/index.ts');
    expect(barrels.map(({ file }) => file)).toEqual([]);
  });

  test('the pipeline stays on one page', () => {
    const gateway = sources.find(({ file }) => file === 'gateway.ts');
    expect(gateway?.text.split('\n').length).toBeLessThanOrEqual(121);
  });
});

describe('tests mirror the sources', () => {
  const ELSEWHERE = /^(e2e|chaos|soak|pins|support|corpus)\/|^(architecture|gates)\.test\.ts$/;

  test('every test file stands where its source stands', () => {
    const known = new Set(sources.map(({ file }) => file.replace(/\.ts$/, '')));
    const strays = files(TEST)
      .filter((file) => file.endsWith('.test.ts') && !ELSEWHERE.test(relative('.', file)))
      .filter(
        (file) =>
          !known.has(file.replace(/(\.[a-z-]+)?\.test\.ts$/, '')) && !known.has(file.replace(/\.test\.ts$/, '')),
      );
    expect(strays).toEqual([]);
  });
});
