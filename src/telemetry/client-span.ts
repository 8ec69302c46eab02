import { SpanKind } from '@opentelemetry/api';
import type { Call } from '../core/call.ts';
import { type GatewayError, toGatewayError } from '../core/errors.ts';
import type { CallRecord } from '../core/record.ts';
import type { Metered } from '../core/usage.ts';
import { key, writeDouble, writeFlag, writeInt, writeText, writeTexts } from './attributes.ts';
import { failureText } from './failure-text.ts';
import { genaiOperation, httpMethod, mcpMethod, operationName } from './operation.ts';
import { writeSpan } from './otlp-encode.ts';
import type { ProtoWriter } from './proto-writer.ts';
import type { TraceContext } from './trace-context.ts';

const KEY = {
  method: key('http.request.method'),
  status: key('http.response.status_code'),
  resend: key('http.request.resend_count'),
  address: key('server.address'),
  port: key('server.port'),
  errorType: key('error.type'),
  operation: key('gen_ai.operation.name'),
  provider: key('gen_ai.provider.name'),
  system: key('gen_ai.system'),
  conversation: key('gen_ai.conversation.id'),
  model: key('gen_ai.request.model'),
  stream: key('gen_ai.request.stream'),
  maxTokens: key('gen_ai.request.max_tokens'),
  temperature: key('gen_ai.request.temperature'),
  topP: key('gen_ai.request.top_p'),
  responseId: key('gen_ai.response.id'),
  responseModel: key('gen_ai.response.model'),
  finishReasons: key('gen_ai.response.finish_reasons'),
  firstChunk: key('gen_ai.response.time_to_first_chunk'),
  input: key('gen_ai.usage.input_tokens'),
  output: key('gen_ai.usage.output_tokens'),
  cacheRead: key('gen_ai.usage.cache_read.input_tokens'),
  cacheWrite: key('gen_ai.usage.cache_write.input_tokens'),
  cacheCreation: key('gen_ai.usage.cache_creation.input_tokens'),
  reasoning: key('gen_ai.usage.reasoning.output_tokens'),
  tool: key('gen_ai.tool.name'),
  prompt: key('gen_ai.prompt.name'),
  mcpMethod: key('mcp.method.name'),
  mcpVersion: key('mcp.protocol.version'),
  resourceUri: key('mcp.resource.uri'),
  rpcId: key('jsonrpc.request.id'),
  upstream: key('waygate.upstream'),
};

/** What telemetry says of an upstream. */
export interface Destination {
  /** `gen_ai.provider.name`, e.g. `openai`; empty for a tool server. */
  readonly provider: string;
  readonly address: string;
  readonly port: number;
}

/** A CLIENT span, as far as its call does not say it. */
export interface ClientSpan {
  readonly context: TraceContext;
  readonly spanId: string;
  readonly parentId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly upstream: string;
  readonly destination: Destination | undefined;
  readonly status: number | undefined;
  readonly error: unknown;
  /** Tries at the same upstream before this one. */
  readonly resent: number;
  /** Set on the try whose answer went to the client. */
  readonly answered: CallRecord | undefined;
  readonly legacyNames: boolean;
  readonly mask: (text: string) => string;
}

/** Writes the CLIENT span of one try: what was asked of which model or tool, and what it used. Never content. */
export function writeClientSpan(writer: ProtoWriter, call: Call, span: ClientSpan): void {
  const end = writer.at;
  const failure = span.error ?? (span.answered?.ending === 'broken' ? span.answered.error : undefined);
  const failed = failure === undefined ? undefined : toGatewayError(failure);
  writeResult(writer, span, failed);
  if (call.rpc) writeTool(writer, call, call.rpc);
  else if (call.access.resource.kind === 'model') writeModel(writer, call, span);
  writeText(writer, KEY.conversation, call.access.run.id);
  writeText(writer, KEY.operation, genaiOperation(call));
  writeText(writer, KEY.method, httpMethod(call.method));
  writeText(writer, KEY.upstream, span.upstream);
  const { context, spanId, parentId, startMs, endMs } = span;
  writeSpan(writer, end, {
    traceId: context.traceId,
    spanId,
    parentId,
    parentIsRemote: false,
    traceState: context.state,
    flags: context.flags,
    name: operationName(call),
    kind: SpanKind.CLIENT,
    startMs,
    endMs,
    link: undefined,
    failure: failed ? span.mask(failureText(failed)) : errorStatus(span) === undefined ? undefined : '',
  });
}

function writeResult(writer: ProtoWriter, span: ClientSpan, failed: GatewayError | undefined): void {
  const { status, destination } = span;
  writeText(writer, KEY.errorType, failed ? failed.code : errorStatus(span));
  if (status !== undefined) writeInt(writer, KEY.status, status);
  if (span.resent > 0) writeInt(writer, KEY.resend, span.resent);
  if (destination) {
    writeInt(writer, KEY.port, destination.port);
    writeText(writer, KEY.address, destination.address);
  }
}

/** How an answer that came whole says that it is none: by its status, or as a tool's own failure. */
function errorStatus({ status, answered }: ClientSpan): string | undefined {
  return status !== undefined && status >= 400 ? String(status) : answered?.metered?.failure;
}

function writeTool(writer: ProtoWriter, call: Call, rpc: NonNullable<Call['rpc']>): void {
  const { kind, name } = call.access.resource;
  writeText(writer, KEY.rpcId, rpc.id?.replace(/^"|"$/g, ''));
  writeText(writer, KEY.mcpVersion, rpc.revision);
  if (kind === 'tool') writeText(writer, KEY.tool, name);
  if (kind === 'prompt') writeText(writer, KEY.prompt, name);
  if (kind === 'resource') writeText(writer, KEY.resourceUri, name);
  writeText(writer, KEY.mcpMethod, mcpMethod(rpc.method));
}

function writeModel(writer: ProtoWriter, call: Call, span: ClientSpan): void {
  const args = parametersOf(call);
  const { answered } = span;
  if (answered?.metered) writeUsage(writer, answered.metered, span.legacyNames);
  if (answered?.firstByteAtMs !== undefined && call.stream) {
    writeDouble(writer, KEY.firstChunk, Math.max(0, answered.firstByteAtMs - span.startMs) / 1_000);
  }
  const maxTokens =
    args['max_completion_tokens'] ?? args['max_output_tokens'] ?? args['max_tokens'] ?? args['maxOutputTokens'];
  if (typeof maxTokens === 'number') writeInt(writer, KEY.maxTokens, maxTokens);
  if (typeof args['temperature'] === 'number') writeDouble(writer, KEY.temperature, args['temperature']);
  const topP = args['top_p'] ?? args['topP'];
  if (typeof topP === 'number') writeDouble(writer, KEY.topP, topP);
  writeFlag(writer, KEY.stream, call.stream);
  writeText(writer, KEY.model, call.model);
  writeText(writer, span.legacyNames ? KEY.system : KEY.provider, span.destination?.provider);
}

// Gemini's stand one level deeper.
function parametersOf({ access: { args } }: Call): Readonly<Record<string, unknown>> {
  const config = args['generationConfig'];
  return typeof config === 'object' && config !== null ? (config as Readonly<Record<string, unknown>>) : args;
}

// Input counts cached tokens too (GenAI conventions, `gen_ai.usage.input_tokens`).
function writeUsage(writer: ProtoWriter, { usage, ...said }: Metered, legacyNames: boolean): void {
  if (usage.reasoning > 0) writeInt(writer, KEY.reasoning, usage.reasoning);
  if (usage.cacheWrite > 0) writeInt(writer, legacyNames ? KEY.cacheCreation : KEY.cacheWrite, usage.cacheWrite);
  if (usage.cacheRead > 0) writeInt(writer, KEY.cacheRead, usage.cacheRead);
  writeInt(writer, KEY.output, usage.output);
  writeInt(writer, KEY.input, usage.input + usage.cacheRead + usage.cacheWrite);
  if (said.finishReasons.length > 0) writeTexts(writer, KEY.finishReasons, said.finishReasons);
  writeText(writer, KEY.responseModel, said.model);
  writeText(writer, KEY.responseId, said.responseId);
}
