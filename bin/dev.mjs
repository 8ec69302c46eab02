#!/usr/bin/env node
// The project's own commands (`npm test`, `npm run check`, …), on a Node that can run them.
import { spawnSync } from 'node:child_process';
import { findNode, inProject, installDependencies, installLargeClients } from './bootstrap.mjs';

const bin = (...path) => inProject('node_modules', ...path);
const VITEST = [bin('vitest', 'vitest.mjs')];
const TSC = [bin('typescript', 'bin', 'tsc')];
const PRETTIER = [bin('prettier', 'bin', 'prettier.cjs')];
const OXLINT = [bin('oxlint', 'bin', 'oxlint')];
const SOURCES = ['src', 'test', 'bench', 'scripts', 'examples', 'vitest.config.ts'];

const STATIC = [
  ['types', [...TSC, '--noEmit', '-p', 'tsconfig.json']],
  ['lint', [...OXLINT, '--type-aware', '--deny-warnings', 'src', 'test', 'bench', 'scripts', 'examples']],
  ['format', [...PRETTIER, '--check', '--log-level=warn', ...SOURCES]],
  ['dead code', [bin('knip', 'bin', 'knip.js'), '--no-progress']],
  ['reference is current', ['scripts/generate.ts', '--check']],
  ['policies', ['src/main.ts', 'check', '--policies', 'policies']],
  ['policy tests', ['src/main.ts', 'test', 'policies']],
];

const COMMANDS = {
  test: (rest) => [['tests', [...VITEST, 'run', ...rest]]],
  coverage: (rest) => [['tests', [...VITEST, 'run', '--coverage', ...rest]]],
  typecheck: () => STATIC.filter(([name]) => name === 'types'),
  lint: () => STATIC.filter(([name]) => name === 'lint' || name === 'format'),
  fix: () => [['format', [...PRETTIER, '--write', '--log-level=warn', ...SOURCES]]],
  gen: () => [['reference', ['scripts/generate.ts']]],
  bench: (rest) => [['bench', ['bench/run.ts', ...rest]]],
  soak: (rest) => [['soak', ['test/soak/run.ts', ...rest]]],
  swarm: (rest) => [['swarm', ['examples/swarm/run.ts', ...rest]]],
  conformance: () => [['MCP conformance', ['scripts/conformance.ts']]],
  chaos: (rest) => [['fault programme', ['test/chaos/run.ts', ...rest]]],
  build: () => [['build', ['scripts/build.ts']]],
  'check:static': () => STATIC,
  check: (rest) => [...STATIC, ['tests', [...VITEST, 'run', '--coverage', ...rest]]],
};

/** Commands that run the tests or read them. */
const READS_TESTS = ['test', 'coverage', 'typecheck', 'lint', 'check', 'check:static'];

const [name = 'check', ...rest] = process.argv.slice(2);
const steps = COMMANDS[name];
if (!steps) {
  process.stderr.write(`[waygate] no command \`${name}\`; there are ${Object.keys(COMMANDS).join(', ')}\n`);
  process.exit(2);
}
installDependencies();
if (READS_TESTS.includes(name)) installLargeClients();
const node = findNode();
for (const [title, args] of steps(rest)) {
  if (steps(rest).length > 1) process.stderr.write(`[waygate] ${title}\n`);
  const done = spawnSync(node, args, { cwd: inProject(), stdio: 'inherit' });
  if (done.status !== 0) {
    process.stderr.write(`[waygate] failed: ${title}\n`);
    process.exit(done.status ?? 1);
  }
}
