// What Waygate itself asks of an MCP server, in either era: the call of one tool, and what a session takes around it.
import { header, type Headers } from '../core/exchange.ts';
import { isFields } from './fields.ts';
import { isModern, LAST_LEGACY } from './mcp-headers.ts';
import { VERSION_KEY } from './mcp-message.ts';
import { mcpResponse } from './mcp-recorded.ts';

export interface McpAsk {
  readonly method: 'POST' | 'DELETE';
  readonly headers: Headers;
  readonly body: Buffer;
}

/** What a server and its client have agreed on. */
export interface McpSession {
  readonly revision: string;
  /** Undefined where the server keeps no sessions. */
  readonly id: string | undefined;
}

export interface ToolUse {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly idempotencyKey: string;
}

/** For a server of the revisions without sessions: each request stands alone. */
export const STATELESS: McpSession = { revision: '2026-07-28', id: undefined };

const CLIENT = { name: 'waygate', version: '1' };
const REVISION = /^\d{4}-\d{2}-\d{2}$/;
const VISIBLE = /^[\x21-\x7e]+$/;
const USUAL = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

export function initializeAsk(): McpAsk {
  const params = { protocolVersion: LAST_LEGACY, capabilities: {}, clientInfo: CLIENT };
  return { method: 'POST', headers: USUAL, body: message({ id: 1, method: 'initialize', params }) };
}

/** The session that an answer to `initialize` opens; undefined where it opens none. */
export function sessionIn(answer: {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}): McpSession | undefined {
  if (answer.status !== 200) return undefined;
  const result = mcpResponse(answer.body, header(answer.headers, 'content-type') ?? '')?.['result'];
  const revision = isFields(result) ? result['protocolVersion'] : undefined;
  if (typeof revision !== 'string' || !REVISION.test(revision)) return undefined;
  return isModern(revision) ? { ...STATELESS, revision } : { revision, id: header(answer.headers, 'mcp-session-id') };
}

export function initializedAsk(session: McpSession): McpAsk {
  const body = message({ method: 'notifications/initialized', params: {} });
  return { method: 'POST', headers: { ...USUAL, ...sessionHeaders(session) }, body };
}

export function toolAsk(session: McpSession, { name, args, idempotencyKey }: ToolUse): McpAsk {
  const meta = {
    [VERSION_KEY]: session.revision,
    'io.modelcontextprotocol/clientInfo': CLIENT,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const modern = isModern(session.revision);
  const params = { name, arguments: args, ...(modern && { _meta: meta }) };
  const mirrors = modern && { 'mcp-method': 'tools/call', 'mcp-name': headerName(name) };
  return {
    method: 'POST',
    headers: { ...USUAL, ...sessionHeaders(session), ...mirrors, 'idempotency-key': idempotencyKey },
    body: message({ id: 2, method: 'tools/call', params }),
  };
}

/** Ends a session; undefined where there is none. */
export function goodbyeAsk(session: McpSession): McpAsk | undefined {
  if (session.id === undefined) return undefined;
  return { method: 'DELETE', headers: sessionHeaders(session), body: Buffer.alloc(0) };
}

function sessionHeaders({ revision, id }: McpSession): Headers {
  return { 'mcp-protocol-version': revision, ...(id !== undefined && { 'mcp-session-id': id }) };
}

/** What is no visible ASCII travels encoded (MCP 2026-07-28, transports). */
function headerName(name: string): string {
  const isPlain = VISIBLE.test(name) && !name.startsWith('=?');
  return isPlain ? name : `=?base64?${Buffer.from(name).toString('base64')}?=`;
}

function message(fields: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...fields }));
}
