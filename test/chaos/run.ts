// `npm run chaos`: the whole fault programme in its long form, one scenario after the other, and a table at the end.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { abandonAll } from './rig.ts';
import type { Outcome, Scenario, Setting } from './scenario.ts';
import { HELD_ELSEWHERE, SCENARIOS } from './table.ts';

interface Row {
  readonly id: string;
  readonly title: string;
  readonly result: 'held' | 'VIOLATED' | 'skipped';
  readonly seconds: number;
  readonly notes: readonly string[];
}

const LEDGER = fileURLToPath(new URL('./ledger/run.ts', import.meta.url));
/** Of the simulation, and of the history. */
const SHORT_OPERATIONS = '10000';
const USAGE = 'npm run chaos -- [--only F-R2,F-A1] [--seed N] [--short]';

async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: { only: { type: 'string' }, seed: { type: 'string' }, short: { type: 'boolean', default: false } },
  });
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new TypeError(`\`${values.seed}\` is no seed; ${USAGE}`);
  const only = values.only?.split(',');
  const chosen = only ? SCENARIOS.filter(({ id }) => only.includes(id)) : SCENARIOS;
  const unknown = only?.filter((id) => id !== 'ledger' && SCENARIOS.every((scenario) => scenario.id !== id)) ?? [];
  if (unknown.length > 0) throw new TypeError(`no scenario ${unknown.join(', ')}; there are ${idsOf()}`);
  say(`seed ${seed}${values.short ? ', short form' : ''}`);
  const rows: Row[] = [];
  for (const scenario of chosen) rows.push(await tried(scenario, { seed, long: !values.short }));
  if (!only || only.includes('ledger')) rows.push(ledger(seed, values.short));
  if (!only)
    for (const { id, title, heldBy } of HELD_ELSEWHERE) say(`${id.padEnd(7)} ${title}: held by ${heldBy.join('; ')}`);
  const count = (result: Row['result']): number => rows.filter((row) => row.result === result).length;
  say(`${count('held')} held, ${count('VIOLATED')} violated, ${count('skipped')} skipped; seed ${seed}`);
  return count('VIOLATED') > 0 ? 1 : 0;
}

async function tried(scenario: Scenario, setting: Setting): Promise<Row> {
  const began = performance.now();
  const outcome = await scenario.run(setting).catch((error: unknown): Outcome => {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { violations: [{ invariant: 'ended', detail }], figures: {} };
  });
  const { violations, figures, skipped } = outcome;
  const notes =
    violations.length > 0
      ? violations.slice(0, 20).map(({ invariant, detail }) => `${invariant}: ${detail}`)
      : [
          skipped ??
            Object.entries(figures)
              .map(([name, value]) => `${name} ${value}`)
              .join(', '),
        ];
  const result = violations.length > 0 ? 'VIOLATED' : skipped === undefined ? 'held' : 'skipped';
  return tell({ id: scenario.id, title: scenario.title, result, seconds: (performance.now() - began) / 1_000, notes });
}

/** The ledger's own simulation and history: a programme of its own, which says what it found. */
function ledger(seed: number, short: boolean): Row {
  const began = performance.now();
  const args = [LEDGER, '--seed', String(seed), ...(short ? ['--operations', SHORT_OPERATIONS] : [])];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  const seconds = (performance.now() - began) / 1_000;
  const result = status === 0 ? 'held' : 'VIOLATED';
  return tell({ id: 'ledger', title: 'simulation and history', result, seconds, notes: [`exit code ${status}`] });
}

function tell(row: Row): Row {
  const [first = '', ...more] = row.notes;
  say(`${row.id.padEnd(7)} ${row.result.padEnd(8)} ${row.seconds.toFixed(1).padStart(6)} s  ${row.title}: ${first}`);
  for (const note of more) say(`${' '.repeat(28)}${note}`);
  return row;
}

function idsOf(): string {
  return [...SCENARIOS.map(({ id }) => id), 'ledger'].join(', ');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void abandonAll().finally(() => process.exit(130)));
process.exitCode = await main(process.argv.slice(2));
