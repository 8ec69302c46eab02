// Pause, resume, drain and kill of one run and all below it.
import type { Operator } from '../core/operator.ts';
import type { RunRecord, RunState, Stop } from '../core/run.ts';
import type { RunStore } from '../runs/store.ts';
import { type BindingStop, stateOf, stopsOf } from '../runs/tree-totals.ts';
import { type AdminReply, Refused } from './exchange.ts';
import { type StopView, stopView } from './run-view.ts';
import type { StopSource } from './stop-source.ts';

/** What each switch makes of a run; `undefined` lets it go on. */
const STATES = { pause: 'paused', resume: undefined, drain: 'draining', kill: 'killed' } as const;
type Verb = keyof typeof STATES;

export function isVerb(text: string): text is Verb {
  return Object.hasOwn(STATES, text);
}

interface Switch {
  readonly tenant: string;
  readonly record: RunRecord;
  readonly verb: Verb;
  readonly reason: string;
  readonly viewer: Operator;
}

/** What became of a switch. */
export interface SwitchView {
  readonly run: string;
  readonly tenant: string;
  readonly state: RunState;
  readonly stops: readonly StopView[];
  /** False where it was so before. */
  readonly changed: boolean;
  /** From the request to the store's acknowledgement. */
  readonly tookMs: number;
}

/** Records the switch, makes it, and tells what the run is then. */
export async function switchRun(source: StopSource, change: Switch): Promise<AdminReply> {
  const { store, clock, onAction } = source;
  const { tenant, record, verb, reason, viewer } = change;
  const beganMs = clock.now();
  const { id, root } = record;
  const before = await stopsNow(store, tenant, record);
  if (isSo(change, before)) return reply(change, before, { changed: false, tookMs: clock.now() - beganMs });
  await onAction({
    operator: { subject: viewer.subject, issuer: viewer.issuer },
    action: verb,
    target: { tenant, run: id },
    reason,
  });
  const state = STATES[verb];
  const stop: Stop | undefined = state && {
    state,
    cause: 'person',
    by: viewer.subject,
    because: reason,
    atMs: clock.now(),
  };
  const isDone = await store.stop({ tenant, root, run: id }, stop);
  const tookMs = clock.now() - beganMs;
  const after = await stopsNow(store, tenant, record);
  if (!isDone) throw refusal(change, after);
  return reply(change, after, { changed: true, tookMs });
}

async function stopsNow(store: RunStore, tenant: string, record: RunRecord): Promise<readonly BindingStop[]> {
  const [{ tree }, everything] = await Promise.all([store.open(tenant, record), store.everything()]);
  return stopsOf(record, tree, everything);
}

/** Whether nothing is left to do. Throws 409 where the switch is none for this run. */
function isSo(change: Switch, stops: readonly BindingStop[]): boolean {
  const { record, verb } = change;
  const own = stops.find(({ on }) => 'run' in on && on.run === record.id)?.stop.state;
  // What a scope of the tenant was stopped with can be lifted again; a run that was killed cannot come back.
  const last = stops.find(({ on, stop }) => 'run' in on && (stop.state === 'killed' || stop.state === 'done'));
  if (verb === 'kill') return last?.stop.state === 'killed';
  if (last) throw refusal(change, stops);
  if (verb !== 'resume') return own === STATES[verb];
  if (own !== undefined) return false;
  if (stops.length > 0) throw refusal(change, stops);
  return true;
}

function refusal({ record: { id }, verb }: Switch, stops: readonly BindingStop[]): Refused {
  const [strongest] = stops;
  if (!strongest) {
    return new Refused(409, 'run.ended', `the run \`${id}\` could not be changed: the store no longer knows it`);
  }
  const { on, stop } = strongest;
  const { state, by } = stop;
  const where = placeOf(strongest, id);
  if ('run' in on && (state === 'killed' || state === 'done')) {
    const told = `${where} was ${state === 'done' ? 'ended' : 'killed'} by \`${by}\` and stays so`;
    const advice = verb === 'resume' ? 'begin the work again as a new run' : `there is nothing left to ${verb}`;
    return new Refused(409, state === 'done' ? 'run.ended' : 'run.killed', `${told}; ${advice}`);
  }
  const detail = `the run \`${id}\` itself is not stopped: ${where} is ${state}, by \`${by}\`; resume that`;
  return new Refused(409, `run.${state}`, detail);
}

function placeOf({ on }: BindingStop, id: string): string {
  if ('run' in on) return on.run === id ? `the run \`${id}\`` : `the run \`${on.run}\` above it`;
  if (on.scope === 'everything') return 'everything';
  return on.scope === '*' ? 'its tenant' : `its agent \`${on.scope.slice('agent:'.length)}\``;
}

function reply(
  { tenant, record }: Switch,
  stops: readonly BindingStop[],
  told: Pick<SwitchView, 'changed' | 'tookMs'>,
): AdminReply {
  const body: SwitchView = { run: record.id, tenant, state: stateOf(stops), stops: stops.map(stopView), ...told };
  return { status: 200, body };
}
