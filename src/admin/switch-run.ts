// Pause, resume, drain and kill of one run and all below it.
import { type Operator } from '../core/operator.ts';
import type { RunRecord, RunState, Stop, TreeFacts } from '../core/run.ts';
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
  const { id, root, parent } = record;
  const before = (await store.open(tenant, { id, root, parent })).tree;
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
  const after = (await store.open(tenant, { id, root, parent })).tree;
  if (!isDone) throw refusal(change, after);
  return reply(change, after, { changed: true, tookMs });
}

/** Whether nothing is left to do. Throws 409 where the switch is none for this run. */
function isSo(change: Switch, facts: TreeFacts): boolean {
  const { record, verb } = change;
  const state = stateOf(record, facts);
  if (state === 'killed' || state === 'done') {
    if (verb === 'kill' && state === 'killed') return true;
    if (verb === 'kill') return false;
    throw refusal(change, facts);
  }
  if (verb !== 'resume') return facts.stops.get(record.id)?.state === STATES[verb];
  if (facts.stops.has(record.id)) return false;
  if (state !== 'live') throw refusal(change, facts);
  return true;
}

function refusal({ record: { id, ...record }, verb }: Switch, facts: TreeFacts): Refused {
  const [strongest] = stopsOf({ id, ...record }, facts);
  if (!strongest) {
    return new Refused(409, 'run.ended', `the run \`${id}\` could not be changed: the store no longer knows it`);
  }
  const { state } = strongest.stop;
  const where = placeOf(strongest, id);
  if (state === 'killed' || state === 'done') {
    const told = `${where} was ${state === 'done' ? 'ended' : 'killed'} by \`${strongest.stop.by}\` and stays so`;
    return new Refused(
      409,
      state === 'done' ? 'run.ended' : 'run.killed',
      verb === 'resume' ? `${told}; begin the work again as a new run` : `${told}; there is nothing left to ${verb}`,
    );
  }
  return new Refused(
    409,
    `run.${state}`,
    `the run \`${id}\` itself is not stopped: ${where} is ${state}, by \`${strongest.stop.by}\`; resume that`,
  );
}

function placeOf({ on }: BindingStop, id: string): string {
  if ('run' in on) return on.run === id ? `the run \`${id}\`` : `the run \`${on.run}\` above it`;
  return on.scope === '*' ? 'its tenant' : `its agent \`${on.scope.slice('agent:'.length)}\``;
}

function reply({ tenant, record }: Switch, facts: TreeFacts, told: Pick<SwitchView, 'changed' | 'tookMs'>): AdminReply {
  const stops = stopsOf(record, facts);
  const body: SwitchView = {
    run: record.id,
    tenant,
    state: stops[0]?.stop.state ?? 'live',
    stops: stops.map(stopView),
    ...told,
  };
  return { status: 200, body };
}
