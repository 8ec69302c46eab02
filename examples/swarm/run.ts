// An orchestrator and 300 sub-agents over 4,000 steps through two gateways, and whether everybody tells the same of it.
//   npm run swarm -- --agents 300 --steps 4000 --lineage hints|tokens --width 24
import { parseArgs } from 'node:util';
import { formatMoney, microUsd } from '../../src/core/money.ts';
import { showSwarm } from './show.ts';

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '300' },
    steps: { type: 'string', default: '4000' },
    /** `hints`: headers that Claude Code sends by itself. `tokens`: a token for each, from the gateway's exchange. */
    lineage: { type: 'string', default: 'hints' },
    width: { type: 'string', default: '24' },
  },
});
const [agents, steps, width] = [values.agents, values.steps, values.width].map(Number) as [number, number, number];
const { lineage } = values;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Ends with a sentence. */
function giveUp(why: unknown): never {
  process.stderr.write(`the swarm has broken off: ${why instanceof Error ? why.message : String(why)}\n`);
  process.exit(1);
}

const isFit = [agents, steps, width].every(Number.isInteger) && agents >= 12 && steps >= 5 * (agents + 1) && width >= 1;
if (!isFit || (lineage !== 'hints' && lineage !== 'tokens'))
  giveUp(
    'expected `--agents 300 --steps 4000 --width 24 --lineage hints|tokens`, with 12 agents and 5 steps each at least',
  );

const LINES_SHOWN = 40;

say(`an orchestrator and ${agents} sub-agents, ${steps} steps, lineage from ${lineage}, ${width} calls at once`);
const { outcome, all, served, refused, drawn, proof, verdicts } = await showSwarm({
  agents,
  steps,
  lineage,
  width,
}).catch(giveUp);
const lines = drawn.split('\n');
say(`\n${lines.slice(0, LINES_SHOWN).join('\n')}`);
if (lines.length > LINES_SHOWN) say(`… ${lines.length - LINES_SHOWN} more lines, and ${lines.at(-1)}`);
const rate = Math.round((all.steps / outcome.tookMs) * 1_000);
say(`\n${all.steps} steps in ${Math.round(outcome.tookMs / 1_000)} s (${rate}/s), ${formatMoney(microUsd(all.money))}`);
say(`calls by action: ${JSON.stringify(all.calls)}`);
say(`calls that came to the upstreams: ${JSON.stringify(served)}`);
say(`calls that were refused: ${JSON.stringify(refused)}`);
say(`${proof}\n`);
for (const { ok, text } of verdicts) say(`${ok ? 'ok    ' : 'FAILED'} ${text}`);
process.exitCode = verdicts.every(({ ok }) => ok) ? 0 : 1;
