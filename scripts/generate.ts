// Writes docs/reference/ and the JSON Schemas from the sources; with `--check` it writes nothing and names what is stale.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configJsonSchema } from '../src/config/schema.ts';
import { policyJsonSchema } from '../src/policy/schema.ts';
import { testJsonSchema } from '../src/policy/tests/schema.ts';
import { clientsPage } from './reference/clients.ts';
import { cliPage } from './reference/cli.ts';
import { configPage } from './reference/config.ts';
import { errorsPage } from './reference/errors.ts';
import { metricsPage } from './reference/metrics.ts';
import { policyPage } from './reference/policy.ts';
import { presetsPage } from './reference/presets.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

const FILES: Readonly<Record<string, () => string>> = {
  'docs/clients.md': clientsPage,
  'docs/reference/cli.md': cliPage,
  'docs/reference/config.md': configPage,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/metrics.md': metricsPage,
  'docs/reference/policy.md': policyPage,
  'docs/reference/presets.md': presetsPage,
  'docs/reference/waygate.schema.json': () => json(configJsonSchema()),
  'policies/policy.schema.json': () => json(policyJsonSchema()),
  'policies/policy-test.schema.json': () => json(testJsonSchema()),
};

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function current(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const stale = Object.entries(FILES)
  .map(([name, make]) => ({ path: `${ROOT}${name}`, text: make() }))
  .filter(({ path, text }) => current(path) !== text);
if (process.argv.includes('--check')) {
  for (const { path } of stale)
    process.stderr.write(`${relative('', path)} is stale; \`npm run gen\` writes it anew\n`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const { path, text } of stale) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
