import type { AccessRequest, Resource } from './access.ts';
import type { Decision, Permit } from './decision.ts';
import type { Headers } from './exchange.ts';
import type { CallId } from './ids.ts';
import type { Run } from './run.ts';
import type { LocalResult, NamedPlace, ToolResult } from './tool-traffic.ts';
import type { TraceSlot } from './trace.ts';
import type { Estimate } from './usage.ts';

export const DIALECTS = [
  'openai-chat',
  'openai-responses',
  'openai-models',
  'openai-embeddings',
  'openai-completions',
  'openai-media',
  'openai-objects',
  'anthropic',
  'anthropic-batches',
  'anthropic-objects',
  'gemini',
  'mcp',
  'http',
] as const;
/** The wire dialect of one request. */
export type Dialect = (typeof DIALECTS)[number];

export const PROTOCOLS = ['openai', 'anthropic', 'gemini', 'mcp', 'http'] as const;
/** The family of dialects that a route and its upstreams speak. */
export type ProtocolName = (typeof PROTOCOLS)[number];

/** A listener match bound to a protocol and to upstreams of that protocol. */
export interface Route {
  readonly name: string;
  readonly protocol: ProtocolName;
  /** Names of upstreams, in the order of the config. */
  readonly upstreams: readonly string[];
  readonly bodyBytesMax: number;
}

/** One change to the bytes that go upstream, or to a path that names a model. A closed list, each audited. */
export type Splice = 'model-alias' | 'include-usage' | 'mcp-trace';

/** One request, understood. */
export interface Call {
  readonly id: CallId;
  readonly route: Route;
  readonly dialect: Dialect;
  readonly access: AccessRequest;
  /** Requests that the call carries: it is permitted only if each of them is. */
  readonly parts?: readonly AccessRequest[];
  /** Upstreams to ask: one, or for a list of models all of the route's. */
  readonly upstreams: readonly string[];
  readonly method: string;
  /** Path and query below the upstream's base address, e.g. `/chat/completions?x=1`. */
  readonly target: string;
  /** The client's end-to-end headers, without credentials and hop-by-hop fields. */
  readonly headers: Headers;
  /** As it will leave, splices done. Empty for a request without one. */
  readonly body: Buffer;
  /** Of `body`, in hex, where another thread has worked it out. */
  readonly bodySha256?: string;
  /** Where trace context goes into `body`, where another thread has looked for it. */
  readonly traceSlot?: TraceSlot;
  readonly splices: readonly Splice[];
  readonly estimate: Estimate;
  /** Model as the upstream knows it; empty where there is none. */
  readonly model: string;
  /** True where the client asked for a stream. */
  readonly stream: boolean;
  /** True where metering asked for usage that the client did not ask for, and must take it out again. */
  readonly hideUsage: boolean;
  /** Whether the client's going away ends the call upstream (false for MCP up to 2025-11-25). */
  readonly abortable: boolean;
  /** JSON-RPC id and era of an MCP request, which its refusal needs. */
  readonly rpc: RpcRef | undefined;
  /** All that its model name leads to, the preferred one first; empty where that is one upstream only. */
  readonly candidates: readonly Resource[];
  /** What the request tells of tools that the model asked for before. Absent for nothing. */
  readonly toolResults?: readonly ToolResult[];
  /** Of a tool's call: the id of the use that a model asked for with it, as the client says. */
  readonly toolUseId?: string;
  /** Of a tool's call: where its client says that it belongs. */
  readonly place?: NamedPlace;
  /** The tool of the gateway's own that it calls: it goes to no upstream. */
  readonly ownTool?: 'status' | 'request';
  /** The approval that lets it go on. */
  readonly approval?: string;
  /** What it tells of tools that its client ran by itself; what is decided on them is decided on it. */
  readonly localResults?: readonly LocalResult[];
  /** The route or upstream whose local mode let it in, since the store did not answer. */
  readonly localMode?: string;
  /** The same request as the candidates behind this one take it, in their order. */
  readonly fallbacks: readonly Call[];
}

/** The same call as one of another resource. */
export function withResource(call: Call, resource: Resource): Call {
  return { ...call, access: { ...call.access, resource } };
}

/** The same call in another run, or in the same as it is now. */
export function inRun(call: Call, run: Run): Call {
  const access = { ...call.access, run };
  return {
    ...call,
    access,
    ...(call.parts && { parts: call.parts.map((part) => ({ ...part, run })) }),
    fallbacks: call.fallbacks.map((other) => inRun(other, run)),
  };
}

export interface RpcRef {
  /** The id as it stood on the wire, e.g. `7` or `"a"`; undefined for a notification or a response. */
  readonly id: string | undefined;
  readonly method: string;
  /** MCP revision that the request speaks, e.g. `2025-11-25`; undefined where it did not say. */
  readonly revision: string | undefined;
  /** Where its answer may ask the client's user something, from 2026-07-28 on. */
  readonly input?: RpcInput;
}

/** The forms that a question to a client's user may take: one to fill in, or a page to open. */
export interface RpcInput {
  readonly form: boolean;
  readonly url: boolean;
}

/** A call with what was decided on it and, where it is permitted, on the candidates behind it. */
export interface Judged {
  readonly call: Call;
  readonly decision: Decision;
  readonly fallbacks: readonly Judged[];
}

declare const permit: unique symbol;

/** A call that a permit stands behind. Only `policy/oblige.ts` makes one; forwarding takes nothing else. */
export type PermittedCall = Call & {
  readonly [permit]: true;
  readonly decision: Permit;
  readonly fallbacks: readonly PermittedCall[];
};
