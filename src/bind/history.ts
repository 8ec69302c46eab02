// Part of the composition root: where a call belongs and what it tells of local tools, once its request has been read.
import { type Call, inRun } from '../core/call.ts';
import type { AccessRequest } from '../core/access.ts';
import type { RunId } from '../core/ids.ts';
import type { Seat } from '../core/roster.ts';
import type { CallRecord } from '../core/record.ts';
import type { LocalResult } from '../core/tool-traffic.ts';
import type { MeterOptions } from '../metering/tap.ts';
import type { History } from '../open/history.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import { bodyHint } from '../runs/body-hints.ts';
import { hinted, type Lineage, placedAt } from '../runs/lineage.ts';
import type { Registry } from '../runs/registry.ts';
import { stepOf } from '../runs/timeline.ts';
import { localRequests } from '../runs/tool-use-local.ts';

export interface PlacingSource extends Pick<History, 'uses' | 'local'> {
  readonly registry: Registry;
  readonly policies: PolicySet;
}

/** Puts a call into the run that its request names, and beside it what it tells of tools that no gateway saw. */
export function placing({ uses, local, registry, policies }: PlacingSource): (call: Call) => Call | Promise<Call> {
  const decidesLocal = namesLocal(policies);
  return function place(call) {
    const { action } = call.access;
    if (action === 'tool.call') return joined(call);
    if (action !== 'model.generate') return call;
    const { source } = call.access.run;
    const hint = source === 'principal' ? bodyHint(call.access.args) : undefined;
    if (!hint && call.toolResults === undefined) return call;
    return told(hint ? inLineage(call, hinted(call.access.principal, hint)) : call);
  };

  /** Into the run whose model asked for the tool, unless the caller itself says where it stands. */
  function joined(call: Call): Call | Promise<Call> {
    const { source } = call.access.run;
    const path = uses.runOfToolCall(call);
    if (source !== 'hint' && source !== 'principal') return call;
    const enter = (found: readonly RunId[] | undefined): Call | Promise<Call> => {
      if (found !== undefined) return inLineage(call, lineageAt(found));
      return call.place ? inLineage(call, placedAt(call.access.principal, call.place)) : call;
    };
    return path instanceof Promise ? path.then(enter) : enter(path);
  }

  function inLineage(call: Call, lineage: Lineage): Call | Promise<Call> {
    const run = registry.find(call.access.principal, lineage);
    return run instanceof Promise ? run.then((found) => inRun(call, found)) : inRun(call, run);
  }

  function told(placed: Call | Promise<Call>): Call | Promise<Call> {
    if (placed instanceof Promise) return placed.then(told);
    if (placed.toolResults === undefined) return placed;
    const results = local.results(placed);
    if (!(results instanceof Promise)) return withLocal(placed, results);
    if (decidesLocal) return results.then((known) => withLocal(placed, known));
    return placed;
  }
}

function withLocal(call: Call, results: readonly LocalResult[]): Call {
  if (results.length === 0) return call;
  const requests = localRequests(call, results);
  return {
    ...withParts(call, requests),
    fallbacks: call.fallbacks.map((other) => withParts(other, requests)),
    localResults: results,
  };
}

function withParts(call: Call, requests: readonly AccessRequest[]): Call {
  return { ...call, parts: [...(call.parts ?? []), ...requests] };
}

function lineageAt(path: readonly RunId[]): Lineage {
  const [root] = path;
  const id = path.at(-1);
  if (root === undefined || id === undefined) throw new RangeError('bug: a path without runs');
  return { id, root, parent: path.at(-2), name: '', source: 'hint', path };
}

/** Whether something is decided on local tools, so that it is worth waiting for. */
function namesLocal({ policies }: PolicySet): boolean {
  const isLocal = policies.some(({ rules }) =>
    rules.some(({ targets }) => targets.some(({ actions }) => actions.includes('tool.local'))),
  );
  return isLocal || policies.some(({ bounds }) => bounds.some(({ bound }) => bound.repeats !== undefined));
}

/** Has the tools that an answer asks for looked at while it flows: a client may call one before its answer has ended. */
export function watched(call: Call, options: MeterOptions, uses: History['uses']): MeterOptions {
  if (call.access.action !== 'model.generate') return options;
  let seat: Seat | undefined;
  return {
    ...options,
    onToolUses: (list) => void (seat = uses.watch(call, list)),
    done(end) {
      seat?.leave();
      options.done(end);
    },
  };
}

/** Books the end of a call on what its run remembers. Never throws, never waits. */
export function remembering({ uses, loops, writer }: History): (record: CallRecord) => void {
  return function remember(record) {
    const { call, metered } = record;
    if (!call) return;
    if (call.access.action === 'model.generate') uses.ended(call, metered?.toolUses);
    if (metered?.resultDigest !== undefined) loops.note(call, metered.resultDigest);
    const step = stepOf(record);
    if (step) writer.add(call.access.principal.tenant, [step]);
  };
}
