// What a run did, step by step, as far as it is kept: the newest steps, without arguments and results, which may hold what
// must not be kept.
import type { Action } from '../core/access.ts';
import { formatResource } from '../core/access.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { CallRecord } from '../core/record.ts';
import { totalTokens } from '../core/usage.ts';
import type { LocalResult } from '../core/tool-traffic.ts';

/** Steps of a run that are kept, the newest. */
export const STEPS_MAX = 500;
/** How long they are kept after the last of them: as long as the run is. */
export const STEPS_MS = 30 * 86_400_000;
/** Longest step as it is stored, in bytes. */
export const STEP_BYTES_MAX = 400;
const RESOURCE_MAX = 120;
const ID_MAX = 64;

/** `tool.local` is a tool that the client ran by itself. */
export type StepKind = 'model' | 'tool' | 'tool.local' | 'agent' | 'http' | 'object' | 'run';

/** One step of a run. */
export interface TimelineStep {
  /** When it began, in milliseconds since the epoch; a local tool: when it was told. */
  readonly at: number;
  readonly kind: StepKind;
  /** `kind/upstream/name`, cut where it is long. */
  readonly resource: string;
  readonly ok: boolean;
  readonly callId?: string | undefined;
  /** Of the model's answer that asked for it. */
  readonly toolUseId?: string | undefined;
  /** Why it was refused or failed. */
  readonly code?: ErrorCode | undefined;
  readonly tokens?: number | undefined;
  /** Micro-USD. */
  readonly money?: number | undefined;
  /** How long it took, in milliseconds. */
  readonly ms?: number | undefined;
}

/** One suite of tests (test/runs/timeline-contract.ts) runs against every implementation. */
export interface TimelineStore {
  /** Adds steps at the end of their runs' timelines; the oldest beyond `STEPS_MAX` go. */
  append(tenant: string, steps: readonly StepOf[]): Promise<void>;
  /** The newest steps of a run, the oldest of them first. */
  read(tenant: string, run: RunId, count: number): Promise<readonly TimelineStep[]>;
}

export interface StepOf {
  readonly run: RunId;
  readonly step: TimelineStep;
}

/** Actions that do nothing that a reader would call a step. */
const UNSEEN: ReadonlySet<Action> = new Set<Action>(['model.list', 'model.count', 'tool.list']);

/** The step that the end of a call is; undefined for what is none, and for what was never understood. */
export function stepOf({ call, metered, error, status, endedAtMs, request }: CallRecord): StepOf | undefined {
  if (!call || UNSEEN.has(call.access.action)) return undefined;
  const { access, id, toolUseId } = call;
  const tokens = metered && totalTokens(metered.usage);
  const step = {
    at: request.receivedAtMs,
    kind: kindOf(access.action),
    resource: formatResource(access.resource),
    ok: error === undefined && status < 400 && metered?.failure === undefined,
    callId: id,
    toolUseId,
    code: error?.code,
    tokens: tokens === 0 ? undefined : tokens,
    money: metered?.charge.money === 0 ? undefined : metered?.charge.money,
    ms: Math.max(0, endedAtMs - request.receivedAtMs),
  };
  return { run: access.run.id, step };
}

function kindOf(action: Action): StepKind {
  if (action === 'tool.local') return action;
  const kind = action.slice(0, action.indexOf('.'));
  return kind === 'resource' || kind === 'prompt' ? 'tool' : (kind as StepKind);
}

/** The steps that local tools are, which a request of that run and time tells of. */
export function localSteps(run: RunId, atMs: number, results: readonly LocalResult[]): readonly StepOf[] {
  return results.map(({ id, name, isError }) => ({
    run,
    step: {
      at: atMs,
      kind: 'tool.local',
      resource: `tool/local/${name}`,
      ok: !isError,
      toolUseId: id.startsWith('~') ? undefined : id,
    },
  }));
}

/** A step as it is stored: a JSON array without what is missing at its end. */
export function writeStep(step: TimelineStep): string {
  const { at, kind, resource, ok, callId, toolUseId, code, tokens, money, ms } = step;
  const fields = [at, kind, cut(resource, RESOURCE_MAX), ok ? 1 : 0, cut(callId, ID_MAX), cut(toolUseId, ID_MAX)];
  const all = [...fields, code ?? null, tokens ?? null, money ?? null, ms ?? null];
  return JSON.stringify(all.slice(0, all.findLastIndex((field) => field !== null) + 1));
}

/** The step that a text is; undefined where it is none. */
export function readStep(text: string): TimelineStep | undefined {
  const [at, kind, resource, ok, callId, toolUseId, code, tokens, money, ms] = fieldsOf(text);
  if (typeof at !== 'number' || typeof kind !== 'string' || typeof resource !== 'string') return undefined;
  return {
    at,
    kind: kind as StepKind,
    resource,
    ok: ok === 1,
    callId: wordOf(callId),
    toolUseId: wordOf(toolUseId),
    code: wordOf(code) as ErrorCode | undefined,
    tokens: numberOf(tokens),
    money: numberOf(money),
    ms: numberOf(ms),
  };
}

function fieldsOf(text: string): readonly unknown[] {
  try {
    const fields: unknown = JSON.parse(text);
    return Array.isArray(fields) ? (fields as readonly unknown[]) : [];
  } catch {
    return [];
  }
}

/** Within as many bytes as characters: what is cut is at most that long as JSON writes it. */
function cut(text: string | undefined, max: number): string | null {
  if (text === undefined) return null;
  if (Buffer.byteLength(JSON.stringify(text)) - 2 <= max) return text;
  let kept = text.toWellFormed().slice(0, max);
  while (Buffer.byteLength(JSON.stringify(kept)) - 2 > max - 3) kept = kept.slice(0, -1).toWellFormed();
  return `${kept}…`;
}

function wordOf(field: unknown): string | undefined {
  return typeof field === 'string' ? field : undefined;
}

function numberOf(field: unknown): number | undefined {
  return typeof field === 'number' ? field : undefined;
}
