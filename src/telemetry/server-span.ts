import { SpanKind } from '@opentelemetry/api';
import type { Call } from '../core/call.ts';
import { header } from '../core/exchange.ts';
import type { Principal } from '../core/principal.ts';
import type { CallRecord } from '../core/record.ts';
import { constant, key, writeFlag, writeInt, writeText, writeTexts } from './attributes.ts';
import { failureText } from './failure-text.ts';
import { httpMethod, mcpMethod, operationName, routeTemplate } from './operation.ts';
import { type SpanHead, writeSpan } from './otlp-encode.ts';
import { ProtoWriter } from './proto-writer.ts';
import { metaLink, type TraceContext } from './trace-context.ts';

const KEY = {
  method: key('http.request.method'),
  route: key('http.route'),
  status: key('http.response.status_code'),
  path: key('url.path'),
  client: key('client.address'),
  userAgent: key('user_agent.original'),
  errorType: key('error.type'),
  mcpMethod: key('mcp.method.name'),
  mcpVersion: key('mcp.protocol.version'),
  tool: key('gen_ai.tool.name'),
  call: key('waygate.call.id'),
  waygateRoute: key('waygate.route'),
  run: key('waygate.run.id'),
  runParent: key('waygate.run.parent'),
  runDepth: key('waygate.run.depth'),
  subject: key('waygate.principal.subject'),
  tenant: key('waygate.principal.tenant'),
  agent: key('waygate.principal.agent'),
  action: key('waygate.action'),
  resource: key('waygate.resource'),
  decision: key('waygate.decision'),
  rules: key('waygate.rules'),
  revision: key('waygate.policy.revision'),
  shadow: key('waygate.shadow.decision'),
  shadowRules: key('waygate.shadow.rules'),
  ending: key('waygate.ending'),
  error: key('waygate.error.code'),
  cost: key('waygate.cost.usd_micros'),
  estimated: key('waygate.usage.estimated'),
  waitedMs: key('waygate.limits.waited_ms'),
  waitedFor: key('waygate.limits.waited_for'),
};
/** Room for three texts at their longest. */
const PRINCIPAL_BYTES = 8_192;
const HTTP = Buffer.concat([constant('url.scheme', 'http'), constant('network.protocol.version', '1.1')]);

/** A wait for room in a limit. */
export interface Waited {
  readonly ms: number;
  /** The limit that it waited for first. */
  readonly limit: string;
}

/** A SERVER span, as far as its call's record does not say it. */
export interface ServerSpan {
  readonly context: TraceContext;
  readonly spanId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly wait: Waited | undefined;
  /** Takes credentials out of a text. */
  readonly mask: (text: string) => string;
}

/** Writes the SERVER span of a call: who asked for what, what was decided, how it ended. Never content. */
export function writeServerSpan(writer: ProtoWriter, record: CallRecord, span: ServerSpan): void {
  const end = writer.at;
  writeRequest(writer, record, span.mask);
  if (record.principal) writer.raw(principalBytes(record.principal));
  if (record.call) writeCall(writer, record.call);
  if (record.decision) writeDecision(writer, record.decision);
  if (span.wait) {
    writeInt(writer, KEY.waitedMs, span.wait.ms);
    writeText(writer, KEY.waitedFor, span.wait.limit);
  }
  writeEnd(writer, record);
  writeSpan(writer, end, head(record, span));
}

function head(record: CallRecord, span: ServerSpan): SpanHead {
  const { call, error, request } = record;
  const { context } = span;
  return {
    traceId: context.traceId,
    spanId: span.spanId,
    parentId: context.parentId,
    parentIsRemote: context.parentId !== '',
    traceState: context.state,
    flags: context.flags,
    name: spanName(request.method, call),
    kind: SpanKind.SERVER,
    startMs: span.startMs,
    endMs: span.endMs,
    link: call?.dialect === 'mcp' ? metaLink(call.body) : undefined,
    failure: error && isFailure(record) ? span.mask(failureText(error)) : undefined,
  };
}

function spanName(method: string, call: Call | undefined): string {
  if (!call) return httpMethod(method);
  return call.rpc ? operationName(call) : `${httpMethod(method)} ${routeTemplate(call)}`;
}

// A refusal is an answer; what the gateway or an upstream failed at is an error (HTTP conventions, server spans).
function isFailure(record: CallRecord): boolean {
  return record.ending === 'broken' || record.status >= 500;
}

function writeRequest(
  writer: ProtoWriter,
  { request, call, status }: CallRecord,
  mask: (text: string) => string,
): void {
  writer.raw(HTTP);
  writeText(writer, KEY.userAgent, mask(header(request.headers, 'user-agent') ?? ''));
  writeText(writer, KEY.client, request.peer);
  writeText(writer, KEY.path, mask(request.path));
  writeInt(writer, KEY.status, status);
  if (call) writeText(writer, KEY.route, routeTemplate(call));
  writeText(writer, KEY.method, httpMethod(request.method));
}

const principals = new WeakMap<Principal, Buffer>();

// A principal is one object for as long as its credential is shown.
function principalBytes(principal: Principal): Buffer {
  let bytes = principals.get(principal);
  if (!bytes) {
    const writer = new ProtoWriter(PRINCIPAL_BYTES);
    writeText(writer, KEY.subject, principal.subject);
    writeText(writer, KEY.tenant, principal.tenant);
    writeText(writer, KEY.agent, principal.agent);
    principals.set(principal, (bytes = writer.take()));
  }
  return bytes;
}

function writeCall(writer: ProtoWriter, call: Call): void {
  const { action, resource, run } = call.access;
  if (call.rpc) {
    writeText(writer, KEY.mcpVersion, call.rpc.revision);
    if (action === 'tool.call') writeText(writer, KEY.tool, resource.name);
    writeText(writer, KEY.mcpMethod, mcpMethod(call.rpc.method));
  }
  writeInt(writer, KEY.runDepth, run.depth);
  writeText(writer, KEY.runParent, run.parent);
  writeText(writer, KEY.run, run.id);
  writeText(writer, KEY.resource, `${resource.kind}/${resource.upstream}/${resource.name}`);
  writeText(writer, KEY.action, action);
  writeText(writer, KEY.waygateRoute, call.route.name);
}

function writeDecision(writer: ProtoWriter, decision: NonNullable<CallRecord['decision']>): void {
  if (decision.shadow) {
    writeTexts(writer, KEY.shadowRules, decision.shadow.rules);
    writeText(writer, KEY.shadow, decision.shadow.effect);
  }
  writeText(writer, KEY.revision, decision.revision);
  writeTexts(writer, KEY.rules, decision.rules);
  writeText(writer, KEY.decision, decision.effect);
}

function writeEnd(writer: ProtoWriter, record: CallRecord): void {
  const { error, metered } = record;
  if (metered) {
    writeFlag(writer, KEY.estimated, metered.estimated);
    writeInt(writer, KEY.cost, metered.charge.money);
  }
  if (error) {
    if (isFailure(record)) writeText(writer, KEY.errorType, error.code);
    writeText(writer, KEY.error, error.code);
  }
  writeText(writer, KEY.ending, record.ending);
  writeText(writer, KEY.call, record.id);
}
