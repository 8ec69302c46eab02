// What a wire dialect must be able to do. Pure: no I/O, no clock, no randomness.
import type { Action, Resource } from '../core/access.ts';
import type { Call, Dialect, RpcRef, Splice } from '../core/call.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Headers, RequestHead } from '../core/exchange.ts';
import type { Standing } from '../core/quota.ts';
import type { NamedPlace, ToolResult, ToolUse } from '../core/tool-traffic.ts';
import type { TraceHeaders, TraceSlot } from '../core/trace.ts';
import { type Estimate, NO_USAGE, type Usage } from '../core/usage.ts';

/** What a dialect reads from a request. */
export interface Reading {
  readonly action: Action;
  /** Kind and name; which upstream it belongs to is the route's business. For a model: the name as the client wrote it. */
  readonly resource: { readonly kind: Resource['kind']; readonly name: string };
  /** What conditions see as `args`. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly estimate: Estimate;
  /** Of a batch: the `args` of the requests in it, each of which has to be permitted as `model.generate`. */
  readonly parts?: readonly Readonly<Record<string, unknown>>[];
  readonly stream: boolean;
  readonly rpc: RpcRef | undefined;
  /** False where a client's disconnect must not cancel the work upstream (MCP up to 2025-11-25). */
  readonly abortable: boolean;
  /** True where trace context goes into the body (an MCP message with `params`). */
  readonly traceable: boolean;
  /** Of a request to a model: what it tells of tools behind the model's last answer. Absent for nothing. */
  readonly toolResults?: readonly ToolResult[];
  /** Of a tool's call: the id of the use that a model asked for with it, as the client says. */
  readonly toolUseId?: string;
  /** Of a tool's call: where its client says that it belongs. */
  readonly place?: NamedPlace;
}

/** The body that leaves, and how it differs from the one that came. */
export interface Outgoing {
  readonly body: Buffer;
  readonly splices: readonly Splice[];
  /** True where `include_usage` was added and the usage must be taken out of the answer. */
  readonly hideUsage: boolean;
}

/** A refusal or failure in the dialect's own form. */
export interface WireError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Who is asking and for what, as far as it is known when an error has to be told. */
export interface ErrorContext {
  readonly requestId: string;
  readonly headers: Headers;
  readonly call: Call | undefined;
  /** From the request itself, where the call was never resolved. */
  readonly rpc: RpcRef | undefined;
  readonly stream: boolean;
}

/** Reads usage from one answer, as it flows by. One instance per answer. Never throws: an answer may be anything. */
export interface UsageReader {
  /** One whole JSON answer. */
  json(body: Buffer): void;
  /** One server-sent event: its `event` field (or empty) and its data, one character per byte. */
  event(name: string, data: string): void;
  readonly result: UsageReading;
}

/** Usage, with what prices tell apart beyond the core's classes. */
export interface DetailedUsage extends Usage {
  /** Of `cacheWrite`: tokens written to live for an hour. */
  readonly cacheWriteHour: number;
  /** What of it is no text, where the provider says so. */
  readonly media?: MediaUsage;
}

/** Tokens of sound and pictures; each is counted in a class of the usage too. */
export interface MediaUsage {
  /** Of `input`. */
  readonly audioInput: number;
  readonly imageInput: number;
  readonly videoInput: number;
  /** Of `cacheRead`. */
  readonly audioCacheRead: number;
  /** Of `output`. */
  readonly audioOutput: number;
  readonly imageOutput: number;
}

export const NO_DETAILED_USAGE: DetailedUsage = { ...NO_USAGE, cacheWriteHour: 0 };

export interface UsageReading {
  /** As far as the provider said it; before `stated` that is not all. */
  readonly usage: DetailedUsage;
  /** True once the provider stated its final usage; else the tap falls back on the text it saw. */
  readonly stated: boolean;
  /** True once the dialect's terminal event or a whole JSON body was seen: from here on the client cannot abort. */
  readonly terminal: boolean;
  /** True once the answer itself said that it failed. */
  readonly failed: boolean;
  /** What a tool's answer says of its failure: `tool_error`, or the code of a JSON-RPC error. */
  readonly failure: string | undefined;
  /** Bytes of generated text seen so far, not understated. */
  readonly outputBytes: number;
  readonly model: string | undefined;
  readonly responseId: string | undefined;
  readonly finishReasons: readonly string[];
  /** The tools that a model asked for so far: one list that grows with its answer. */
  readonly toolUses: readonly ToolUse[];
  /** Of an MCP request: the message that answers it, as it came (a text has one character per byte). */
  readonly answer: Buffer | string | undefined;
}

/** One wire dialect. */
export interface Protocol {
  readonly dialect: Dialect;
  /** Reads a request; throws `request.*` where it is not of the dialect, ambiguous, or contradicts its headers. */
  read(request: RequestHead, path: string, body: Buffer): Reading;
  /** The bytes to send: the client's own, but for the listed splices. `model` is the upstream's name of the model. */
  write(body: Buffer, reading: Reading, change: { readonly model: string; readonly meter: boolean }): Outgoing;
  /** The path of an operation whose path names its model, with the upstream's name in it. */
  pathTo?(path: string, model: string): string;
  /** The body with trace context in it, where the dialect carries it there (MCP `_meta`); else the body as it is. */
  withTrace(call: Call, trace: TraceHeaders): Buffer;
  /** Where `withTrace` puts it, for a body too large to be looked through there; undefined where it goes nowhere. */
  traceSlot?(body: Buffer): TraceSlot | undefined;
  /** A list answer with only what `mayUse` lets through; called with whole bodies (JSON, or SSE of MCP). */
  narrow(
    body: Buffer,
    contentType: string,
    mayUse: (resource: { kind: Resource['kind']; name: string }) => boolean,
  ): Buffer;
  /** How a JSON answer to a call is changed before it goes on; undefined, or absent, where it passes as it came. */
  readonly answerChange?: (call: Call) => ((body: Buffer) => Buffer) | undefined;
  usage(): UsageReader;
  /** The data of one server-sent event without the usage that the client did not ask for; undefined where nothing of it is left. */
  hideUsage(data: string): string | undefined;
  /** An error before the first byte. */
  error(error: GatewayError, context: ErrorContext): WireError;
  /** An error in mid-stream: the bytes that end the stream, in the dialect's own form. */
  streamError(error: GatewayError, context: ErrorContext): string;
  /** Headers that tell this dialect's SDKs what is left. */
  limitHeaders(standings: readonly Standing[], nowMs: number): Readonly<Record<string, string>>;
}
