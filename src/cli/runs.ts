// `waygate runs list|tree|show`: what runs there are.
import type { RunView, StopView } from '../admin/run-view.ts';
import type { ShownRun } from '../admin/runs-api.ts';
import { type AdminClient, adminClient, type AdminOptions } from './admin-client.ts';
import type { ExitCode, Output } from './output.ts';
import { listOf, many, shown, stepsOf, stopOf, totalsOf, treeOf } from './runs-table.ts';

export interface RunsOptions extends AdminOptions {
  readonly tenant?: string;
  readonly json?: true;
}

export interface ListOptions extends RunsOptions {
  readonly state?: string;
  readonly limit?: number;
  readonly from?: number;
}

interface OfOneRun extends RunsOptions {
  readonly run: string;
}

interface Listed {
  readonly tenant: string;
  readonly runs: readonly RunView[];
  readonly next: number | null;
}

export async function list(options: ListOptions, output: Output): Promise<ExitCode> {
  const { tenant, state, limit, from, json } = options;
  const client = await adminClient(options, 'viewer');
  const listed = (await client.call('GET', `/api/runs${queryOf({ tenant, state, limit, from })}`)) as Listed;
  if (json) {
    output.print(JSON.stringify(listed, undefined, 2));
    return 0;
  }
  await sayStops(client, listed.tenant, output);
  if (listed.runs.length > 0) output.print(listOf(listed.runs));
  else output.say(`there are no ${state ? `${state} ` : ''}runs in the tenant \`${shown(listed.tenant)}\``);
  if (listed.next !== null) output.say(`there are more; go on with \`--from ${listed.next}\``);
  return 0;
}

async function sayStops(client: AdminClient, tenant: string, output: Output): Promise<void> {
  const { stops } = (await client.call('GET', `/api/stops${queryOf({ tenant })}`)) as {
    readonly stops: readonly StopView[];
  };
  for (const stop of stops) output.say(`in the tenant \`${shown(tenant)}\`: ${stopOf(stop)}`);
}

export async function tree(options: OfOneRun, output: Output): Promise<ExitCode> {
  const client = await adminClient(options, 'viewer');
  const path = `${pathOf(options.run)}/tree${queryOf({ tenant: options.tenant })}`;
  const told = (await client.call('GET', path)) as { readonly runs: readonly RunView[] };
  const [first] = told.runs;
  if (options.json) output.print(JSON.stringify(told));
  else if (first) output.print(`${treeOf(told.runs)}\n\ntotal: ${totalsOf(first.all)}`);
  return 0;
}

export interface ShowOptions extends OfOneRun {
  /** The newest steps that are told, at most. */
  readonly steps?: number;
}

export async function show(options: ShowOptions, output: Output): Promise<ExitCode> {
  const { tenant, steps } = options;
  const client = await adminClient(options, 'viewer');
  const told = await client.call('GET', `${pathOf(options.run)}${queryOf({ tenant, steps })}`);
  if (options.json) output.print(JSON.stringify(told, undefined, 2));
  else output.print(linesOf(told as ShownRun).join('\n'));
  return 0;
}

function linesOf(run: ShownRun): readonly string[] {
  const calls = Object.entries(run.all.calls).map(([action, count]) => `${action} ${count}`);
  const facts: readonly (readonly [string, string])[] = [
    ['run', run.id],
    ['name', shown(run.name) || '-'],
    ['tenant', shown(run.tenant)],
    ['agent', `${shown(run.agent) || '-'}, for ${shown(run.subject)}`],
    ['state', run.state],
    ...run.stops.map((stop) => ['stop', stopOf(stop)] as const),
    ['root', `${run.root}${run.parent === null ? ', this one' : `; parent ${run.parent}, depth ${run.depth}`}`],
    ['known by', run.source],
    ['labels', run.labels.map(shown).join(', ') || '-'],
    ['first', run.born],
    ['last', run.last],
    ['itself', totalsOf(run.own)],
    ['in all', totalsOf(run.all)],
    ['calls', calls.join(', ') || '-'],
  ];
  const lines = facts.map(([name, value]) => `${name.padEnd(10)}${value}`);
  if (run.children.length > 0) lines.push('', listOf(run.children));
  if (run.steps.length > 0) lines.push('', `the newest ${many(run.steps.length, 'step')}:`, stepsOf(run.steps));
  return lines;
}

export function pathOf(run: string): string {
  return `/api/runs/${encodeURIComponent(run)}`;
}

export function queryOf(values: Readonly<Record<string, string | number | undefined>>): string {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) said.set(name, String(value));
  return said.size === 0 ? '' : `?${said.toString()}`;
}
