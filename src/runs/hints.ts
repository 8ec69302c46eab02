// How clients tell their sessions and sub-agents apart, as a table: what each was seen to send (docs/clients.md).
import { type Headers, header } from '../core/exchange.ts';

/** The headers of one client: who names the session, the sub-agent in it, and that one's parent. */
export interface HintHeaders {
  readonly client: string;
  readonly session: string;
  /** Of a sub-agent, beside the session. Where it is the session's own name, the call is the session's. */
  readonly agent?: string | undefined;
  /** Where it is missing, a sub-agent's parent is the session. */
  readonly parent?: string | undefined;
  /** The row is for requests of sub-agents alone. */
  readonly needsAgent?: boolean;
}

export const HINTS: readonly HintHeaders[] = [
  {
    client: 'Claude Code',
    session: 'x-claude-code-session-id',
    agent: 'x-claude-code-agent-id',
    parent: 'x-claude-code-parent-agent-id',
  },
  { client: 'Codex', session: 'session-id', agent: 'thread-id', parent: 'x-codex-parent-thread-id' },
  { client: 'OpenCode', session: 'x-parent-session-id', agent: 'x-session-id', needsAgent: true },
  { client: 'OpenCode', session: 'x-session-id' },
  { client: 'MCP', session: 'mcp-session-id' },
  // Last, since many clients begin a trace with every request.
  { client: 'OpenTelemetry', session: 'traceparent' },
];

/** What a request says of its place: names from the session down, as far as the client tells. */
export interface Hint {
  readonly session: string;
  readonly agent: string | undefined;
  readonly parent: string | undefined;
}

const NAME = /^[A-Za-z0-9_.:@+-]{1,128}$/;

/** The place that headers name; a malformed one is no hint. */
export function hintIn(headers: Headers, table: readonly HintHeaders[]): Hint | undefined {
  for (const row of table) {
    const session = named(headers, row.session);
    if (session === undefined) continue;
    const agent = row.agent === undefined ? undefined : named(headers, row.agent);
    if (row.needsAgent && agent === undefined) continue;
    const isChild = agent !== undefined && agent !== session;
    const parent = row.parent === undefined || !isChild ? undefined : named(headers, row.parent);
    return { session, agent: isChild ? agent : undefined, parent: parent === session ? undefined : parent };
  }
  return undefined;
}

/** Whether a text may name a session or an agent. */
export function isHint(text: string): boolean {
  return NAME.test(text);
}

function named(headers: Headers, name: string): string | undefined {
  const value = header(headers, name);
  if (value === undefined) return undefined;
  const text = name === TRACE ? traceId(value) : value;
  return text !== undefined && NAME.test(text) ? text : undefined;
}

const TRACE = 'traceparent';

/** The trace that a `traceparent` belongs to (W3C Trace Context §3.2). */
function traceId(value: string): string | undefined {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(value)?.[1];
}

/** `Waygate-Run`: names from the root down with `/` between, e.g. `nightly/research-3`. */
export const RUN_HEADER = 'waygate-run';
/** More names are taken for none: nobody writes them by hand, and a path is stored with every run. */
export const NAMES_MAX = 32;

/** The names in a `Waygate-Run`; undefined where there is none or it is malformed. */
export function runHeader(headers: Headers): readonly string[] | undefined {
  const value = header(headers, RUN_HEADER);
  if (value === undefined || value.length > 1_024) return undefined;
  const names = value.split('/');
  return names.length <= NAMES_MAX && names.every((name) => NAME.test(name)) ? names : undefined;
}
