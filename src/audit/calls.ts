// What the audit says of calls that were permitted: who made them, under which limits, and what they cost.
import { type Action, ACTIONS, parseResource, type Resource } from '../core/access.ts';
import type { CallId, RunId } from '../core/ids.ts';
import type { MicroUsd } from '../core/money.ts';
import type { Principal } from '../core/principal.ts';
import type { Run } from '../core/run.ts';
import type { Charge } from '../core/usage.ts';
import { type ChainFile, chainsIn } from './chains.ts';
import { unseal } from './chain.ts';
import { readLines } from './lines.ts';

export interface AuditedCall {
  readonly id: CallId;
  readonly principal: Pick<Principal, 'tenant' | 'subject' | 'agent'>;
  readonly run: Pick<Run, 'root' | 'path'>;
  readonly action: Action;
  /** Where it was sent; where no end of it is told, all that it was permitted to be sent to. */
  readonly resources: readonly Resource[];
  /** Ids of the limits that it was admitted under. */
  readonly quotas: readonly string[];
  /** What it cost; where no end of it is told, the worst that it was permitted to. */
  readonly charge: Charge;
  /** Milliseconds since the epoch. */
  readonly permittedAtMs: number;
  readonly endedAtMs: number;
}

interface ChargeJson {
  readonly tokens: number;
  readonly usdMicros: number;
}

/** The members that are read of a line; a line that lacks one is of another kind. */
interface EntryJson {
  readonly at: number;
  readonly kind: string;
  readonly call: CallId;
  readonly principal: AuditedCall['principal'];
  readonly run: { readonly id: RunId; readonly root: RunId; readonly path?: readonly RunId[] };
  readonly action: string;
  readonly resource: string;
  readonly candidates?: readonly string[];
  readonly sent?: { readonly resource: string };
  readonly quote: ChargeJson;
  readonly standings: readonly { readonly quota: string }[];
  readonly cost?: ChargeJson;
}

/**
 * Every permitted call in the logs of some folders, one per replica, as it ended. Takes the lines at their word: prove
 * them first (verify.ts). Rejects where a folder or a file cannot be read.
 */
export async function* auditedCalls(dirs: readonly string[]): AsyncGenerator<AuditedCall> {
  for (const files of (await chainsIn(dirs)).values()) yield* callsOf(files);
}

async function* callsOf(files: readonly ChainFile[]): AsyncGenerator<AuditedCall> {
  const open = new Map<CallId, AuditedCall>();
  for await (const entry of entriesOf(files)) {
    if (entry.kind === 'permit') {
      const call = permitted(entry);
      if (call) open.set(call.id, call);
    } else if (entry.kind === 'outcome' || entry.kind === 'refusal') {
      // A refusal ends a permit that came to stand too late: its call had been refused for want of it.
      const call = open.get(entry.call);
      if (!call) continue;
      open.delete(entry.call);
      // Without a cost it was never sent.
      const charge = entry.cost ? chargeOf(entry.cost) : NOTHING;
      const resources = entry.sent ? resourcesOf([entry.sent.resource]) : call.resources.slice(0, 1);
      yield { ...call, resources, charge, endedAtMs: entry.at };
    }
  }
  yield* open.values();
}

async function* entriesOf(files: readonly ChainFile[]): AsyncGenerator<EntryJson> {
  for (const { path } of files) {
    for await (const { bytes, whole } of readLines(path)) {
      const opened = whole ? unseal(bytes) : undefined;
      if (opened) yield JSON.parse(`${opened.text.toString()}}`) as EntryJson;
    }
  }
}

const NOTHING: Charge = { tokens: 0, money: 0 as MicroUsd };

/** Undefined for a call that no limit applied to. */
function permitted(entry: EntryJson): AuditedCall | undefined {
  const action = ACTIONS.find((known) => known === entry.action);
  const resources = resourcesOf(entry.candidates ?? [entry.resource]);
  if (entry.standings.length === 0 || !action) return undefined;
  const { call: id, principal, at } = entry;
  const run = { root: entry.run.root, path: pathOf(entry.run) };
  const quotas = entry.standings.map(({ quota }) => quota);
  const charge = chargeOf(entry.quote);
  return { id, principal, run, action, resources, quotas, charge, permittedAtMs: at, endedAtMs: at };
}

function pathOf({ id, root, path }: EntryJson['run']): readonly RunId[] {
  if (path) return path;
  return id === root ? [root] : [root, id];
}

function resourcesOf(texts: readonly string[]): readonly Resource[] {
  return texts.map(parseResource).filter((resource) => resource !== undefined);
}

function chargeOf({ tokens, usdMicros }: ChargeJson): Charge {
  return { tokens, money: usdMicros as MicroUsd };
}
