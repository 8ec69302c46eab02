/**
 * The long form of both checks of the ledger: the simulation over a million operations, and histories on a real Redis over
 * a hundred thousand. Exits with 1 where a promise was broken; `--seed` of what was printed brings a world back.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runHistory } from './history/run-history.ts';
import { simulate } from './simulation/simulate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    operations: { type: 'string' },
    only: { type: 'string' },
  },
});
const seed = Number(values.seed ?? randomInt(1_000_000_000));
if (!Number.isSafeInteger(seed) || (values.only !== undefined && !['simulation', 'history'].includes(values.only))) {
  console.error('usage: node test/chaos/ledger/run.ts [--seed N] [--operations N] [--only simulation|history]');
  process.exit(2);
}

/** Of one world, and of one history: each begins with an empty ledger and has a seed of its own. */
const PER_WORLD = 2_000;
const PER_HISTORY = 5_000;
const EVENTS_TOLD = 30;

async function simulation(operationsMin: number): Promise<number> {
  const began = performance.now();
  let [worlds, operations, broken] = [0, 0, 0];
  while (operations < operationsMin) {
    const world = await simulate({ seed: seed + worlds, operationsMax: PER_WORLD });
    worlds += 1;
    operations += world.operations;
    if (world.violations.length > 0) {
      broken += 1;
      await tellAgain(world.seed);
    }
  }
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  console.log(
    `simulation: seeds ${seed} to ${seed + worlds - 1}, ${operations} operations in ${worlds} worlds, ${broken} with violations, ${seconds} s`,
  );
  return broken;
}

/** The same world once more, with what led to its violations. */
async function tellAgain(broken: number): Promise<void> {
  const events: string[] = [];
  const onEvent = (words: string): void => void events.push(words);
  const { violations } = await simulate({ seed: broken, operationsMax: PER_WORLD, onEvent });
  const first = events.findIndex((words) => words.includes('VIOLATION'));
  console.log(`VIOLATION with --only simulation --seed ${broken} --operations 1`);
  for (const words of events.slice(Math.max(0, first - EVENTS_TOLD), first + 1)) console.log(`  ${words}`);
  console.log(`  ${violations.length} in all`);
}

async function histories(operationsMin: number): Promise<number> {
  const began = performance.now();
  let [count, operations, unknown, broken] = [0, 0, 0, 0];
  while (operations < operationsMin) {
    const wanted = Math.min(PER_HISTORY, operationsMin - operations);
    const history = await runHistory({ seed: seed + count, operations: wanted });
    count += 1;
    operations += history.operations;
    unknown += history.unknown;
    broken += history.violations.length;
    const faults = [...history.faults].map(([fault, times]) => `${fault} ${times}`).join(', ');
    console.log(`history: seed ${history.seed}, ${history.operations} operations of ${history.calls} calls; ${faults}`);
    for (const violation of history.violations.slice(0, EVENTS_TOLD)) console.log(`  VIOLATION ${violation}`);
  }
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  console.log(
    `history: seeds ${seed} to ${seed + count - 1}, ${operations} operations, ${unknown} of unknown outcome, ${broken} violations, ${seconds} s`,
  );
  return broken;
}

let broken = 0;
if (values.only !== 'history') broken += await simulation(Number(values.operations ?? 1_000_000));
if (values.only !== 'simulation') broken += await histories(Number(values.operations ?? 100_000));
process.exit(broken > 0 ? 1 : 0);
