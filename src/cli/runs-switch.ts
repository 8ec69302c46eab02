// `waygate runs pause|resume|drain|kill`: the switches of a run, of an agent, of a tenant, and of everything.
import type { StopsView } from '../admin/stops-api.ts';
import type { SwitchView } from '../admin/switch-run.ts';
import { DEFAULT_TENANT } from '../identity/schema.ts';
import { type AdminClient, adminClient } from './admin-client.ts';
import { type ExitCode, type Output, UsageError } from './output.ts';
import { pathOf, type RunsOptions } from './runs.ts';
import { many, shown, stopOf } from './runs-table.ts';

export const VERBS = ['pause', 'resume', 'drain', 'kill'] as const;
export type Verb = (typeof VERBS)[number];

export interface SwitchOptions extends RunsOptions {
  readonly verb: Verb;
  readonly run?: string;
  readonly agent?: string;
  /** Everything of the tenant, or without one everything. */
  readonly all?: true;
  readonly reason?: string;
}

const STATES = { pause: 'paused', resume: 'live', drain: 'draining', kill: 'killed' } as const;

/** Asks for the switch, and says what was acknowledged and how long it took. */
export async function turn(options: SwitchOptions, output: Output): Promise<ExitCode> {
  const { verb, run, agent, all } = options;
  if (run !== undefined && (agent !== undefined || all)) {
    throw new UsageError('a run, an agent or all? take out the run, or `--agent` and `--all`');
  }
  if (run === undefined && agent === undefined && !all) {
    throw new UsageError(`${verb} what? expected a run, \`--agent NAME\`, or \`--all\``);
  }
  const client = await adminClient(options, 'operator');
  const began = performance.now();
  const told = run === undefined ? await turnScope(client, options) : await turnRun(client, options, run);
  const took = Math.round(performance.now() - began);
  if (options.json) output.print(JSON.stringify({ ...told.view, roundTripMs: took }, undefined, 2));
  else
    output.print(`${told.line}; acknowledged by the store after ${told.view.tookMs} ms, ${took} ms with the way there`);
  return 0;
}

interface Turned {
  readonly view: SwitchView | StopsView;
  readonly line: string;
}

async function turnRun(client: AdminClient, options: SwitchOptions, run: string): Promise<Turned> {
  const { verb, tenant, reason } = options;
  const body = { reason: reasonOf(reason), ...(tenant !== undefined && { tenant }) };
  const view = (await client.call('POST', `${pathOf(run)}/${verb}`, body)) as SwitchView;
  const [stop] = view.stops;
  const already = view.changed ? '' : ' already';
  return { view, line: `${view.run} and all below it: ${stop ? stopOf(stop) : view.state}${already}` };
}

async function turnScope(client: AdminClient, options: SwitchOptions): Promise<Turned> {
  const { verb, agent, reason } = options;
  const tenant = options.tenant ?? (options.all ? '*' : DEFAULT_TENANT);
  const body = { tenant, scope: agent === undefined ? '*' : `agent:${agent}`, reason: reasonOf(reason) };
  const view = (
    verb === 'resume'
      ? await client.call('DELETE', '/api/stops', body)
      : await client.call('POST', '/api/stops', { ...body, state: STATES[verb] })
  ) as StopsView;
  const what = agent === undefined ? 'everything' : `the agent \`${shown(agent)}\``;
  const tenants = many(view.tenants, 'tenant');
  // No stop of an agent holds in tenants that are yet to come.
  const all = agent === undefined ? `${tenants} and those to come` : tenants;
  const where = tenant === '*' ? all : `the tenant \`${shown(tenant)}\``;
  return { view, line: `${what} in ${where}: ${STATES[verb]}` };
}

function reasonOf(reason: string | undefined): string {
  return reason ?? 'no reason given';
}
