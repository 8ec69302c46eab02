// What the audit says of a call, as JSON: who did what, on whose behalf, under which rule, and what became of it.
// INVARIANT: no headers, no prompts, no answers; of arguments only those that a condition read.
import { hash } from 'node:crypto';
import { formatResource } from '../core/access.ts';
import type { Call, PermittedCall } from '../core/call.ts';
import type { Decision } from '../core/decision.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import type { Standing } from '../core/quota.ts';
import type { CallRecord } from '../core/record.ts';
import type { Run } from '../core/run.ts';
import type { Charge, Metered } from '../core/usage.ts';
import { factsJson } from './facts.ts';
import { member, text, texts } from './json.ts';

/** `permit`, `outcome` and `refusal` are of calls, `operator` of what a person changed; the others are of the chain itself. */
export type EntryKind = 'permit' | 'outcome' | 'refusal' | 'operator' | 'start' | 'rotate' | 'gap' | 'stop';

export interface AuditEntry {
  readonly kind: EntryKind;
  /** A JSON object that begins with `at` (milliseconds since the epoch) and `kind`. */
  readonly json: string;
}

/** An entry of the chain itself. */
export function chainEntry(
  kind: 'start' | 'rotate' | 'gap' | 'stop',
  atMs: number,
  members: Readonly<Record<string, unknown>>,
): AuditEntry {
  return { kind, json: JSON.stringify({ at: atMs, kind, ...members }) };
}

/** A change that an operator asked for, before it is made. */
export function operatorEntry(atMs: number, action: Readonly<Record<string, unknown>>): AuditEntry {
  return { kind: 'operator', json: JSON.stringify({ at: atMs, kind: 'operator', ...action }) };
}

export interface PermitDetails {
  readonly atMs: number;
  readonly traceId: string;
  readonly quote: Charge;
  readonly standings: readonly Standing[];
}

/** What stands before a call goes upstream. */
export function permitEntry(call: PermittedCall, { atMs, traceId, quote, standings }: PermitDetails): AuditEntry {
  const { rules, revision, obligations } = call.decision;
  const json =
    `{"at":${atMs},"kind":"permit","call":${text(call.id)},"trace":${text(traceId)}` +
    whoAndWhat(call.access.principal, call) +
    candidates(call) +
    member('localMode', call.localMode) +
    member('approval', call.approval) +
    `,"decision":{"effect":"permit","rules":${texts(rules)},"revision":${text(revision)}` +
    `,"obligations":${texts(obligations.map(({ kind }) => kind))}}` +
    considered(call.decision) +
    `,"quote":${charge(quote)},"standings":${counters(standings)}}`;
  return { kind: 'permit', json };
}

/** How a permitted call ended. Its permit, which has the same `call`, says the rest. */
export function outcomeEntry(record: CallRecord, traceId: string): AuditEntry {
  const { id, metered, error } = record;
  const json =
    `{"at":${record.endedAtMs},"kind":"outcome","call":${text(id)},"trace":${text(traceId)}` +
    sentTo(record.call) +
    (record.isRepeat === true ? ',"repeat":true' : '') +
    ending(record) +
    (metered ? used(metered) : '') +
    (error ? failure(error) : '') +
    '}';
  return { kind: 'outcome', json };
}

/** A call that never went upstream, in one entry. `mask` takes credentials out of what the client wrote. */
export function refusalEntry(record: CallRecord, traceId: string, mask: (text: string) => string): AuditEntry {
  const { id, request, principal, call, decision, quote, error } = record;
  const json =
    `{"at":${record.endedAtMs},"kind":"refusal","call":${text(id)},"trace":${text(traceId)}` +
    `,"request":{"method":${text(mask(request.method))},"path":${text(mask(request.path))}${member('peer', request.peer)}}` +
    whoAndWhat(principal, call) +
    (decision ? `,"decision":${decided(decision)}${considered(decision)}` : '') +
    (quote ? `,"quote":${charge(quote)}` : '') +
    `,"standings":${counters(record.standings)}` +
    ending(record) +
    (error ? failure(error) : '') +
    '}';
  return { kind: 'refusal', json };
}

const principals = new WeakMap<Principal, string>();

// A principal is one object for as long as its credential is shown.
function principalJson(principal: Principal): string {
  let json = principals.get(principal);
  if (json === undefined) {
    const { subject, tenant, agent, issuer, credential, actors } = principal;
    json = JSON.stringify({ subject, tenant, agent, issuer, credential, actors });
    principals.set(principal, json);
  }
  return json;
}

function whoAndWhat(principal: Principal | undefined, call: Call | undefined): string {
  const who = principal ? `,"principal":${principalJson(principal)}` : '';
  if (!call) return who;
  const { action, resource, run } = call.access;
  return (
    `${who},"run":${runJson(run)},"action":"${action}","resource":${text(formatResource(resource))}` +
    `,"route":${text(call.route.name)},"dialect":"${call.dialect}","upstreams":${texts(call.upstreams)}` +
    `,"model":${text(call.model)},"body":{"sha256":"${call.bodySha256 ?? hash('sha256', call.body)}","bytes":${call.body.length}` +
    `,"splices":${texts(call.splices)}}`
  );
}

/** Where the permit lets the call go, the preferred candidate first; nothing where its name leads to one upstream. */
function candidates(call: Call): string {
  if (call.candidates.length === 0) return '';
  return `,"candidates":${texts([call, ...call.fallbacks].map(({ access }) => formatResource(access.resource)))}`;
}

/** Which candidate the call was sent to in the end, and with which bytes. */
function sentTo(call: Call | undefined): string {
  if (!call || call.candidates.length === 0) return '';
  return (
    `,"sent":{"resource":${text(formatResource(call.access.resource))},"sha256":"${hash('sha256', call.body)}"` +
    `,"splices":${texts(call.splices)}}`
  );
}

function runJson({ id, root, parent, depth, path, name, source }: Run): string {
  // Who is two steps from the root is named by both; deeper down the way between is told too.
  const way = depth > 1 ? `,"path":${texts(path)}` : '';
  const named = name === '' ? '' : member('name', name);
  return `{"id":${text(id)},"root":${text(root)}${member('parent', parent)},"depth":${depth}${way}${named},"source":"${source}"}`;
}

function decided(decision: Decision): string {
  const reason = decision.effect === 'permit' ? '' : member('reason', decision.reason);
  return `{"effect":"${decision.effect}","rules":${texts(decision.rules)},"revision":${text(decision.revision)}${reason}}`;
}

/** What conditions read, and what a policy in shadow mode would have said. */
function considered({ facts, shadow }: Decision): string {
  const other = shadow ? `,"shadow":{"effect":"${shadow.effect}","rules":${texts(shadow.rules)}}` : '';
  return `,"facts":${factsJson(facts)}${other}`;
}

function charge({ tokens, money }: Charge): string {
  return `{"tokens":${tokens},"usdMicros":${money}}`;
}

function counters(standings: readonly Standing[]): string {
  let items = '';
  for (const { quota, remaining } of standings) {
    items += `${items === '' ? '' : ','}{"quota":${text(quota.id)},"remaining":${remaining}}`;
  }
  return `[${items}]`;
}

function ending({ ending: how, status, endedAtMs, firstByteAtMs, request }: CallRecord): string {
  const first = firstByteAtMs === undefined ? '' : `,"firstByteMs":${firstByteAtMs - request.receivedAtMs}`;
  return `,"ending":"${how}","status":${status},"durationMs":${endedAtMs - request.receivedAtMs}${first}`;
}

function used({ usage, charge: cost, estimated, model, responseId, finishReasons, failure }: Metered): string {
  const { input, cacheRead, cacheWrite, output, reasoning } = usage;
  return (
    `,"usage":{"input":${input},"cacheRead":${cacheRead},"cacheWrite":${cacheWrite},"output":${output},"reasoning":${reasoning}}` +
    `,"cost":${charge(cost)},"estimated":${estimated}${member('answeredBy', model)}${member('response', responseId)}` +
    `,"finish":${texts(finishReasons)}${member('failure', failure)}`
  );
}

// The public message may quote the client; the cause is told by its code alone.
function failure({ code, rule, cause, isRemembered }: GatewayError): string {
  const told =
    cause instanceof Error ? ('code' in cause && typeof cause.code === 'string' ? cause.code : cause.name) : undefined;
  const again = isRemembered ? ',"remembered":true' : '';
  return `,"error":{"code":"${code}"${member('rule', rule)}${member('cause', told)}${again}}`;
}
