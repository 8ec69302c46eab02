// MCP over streamable HTTP, both eras: messages by POST, a listening stream by GET, the end of a session by DELETE.
// INVARIANT: method, name and arguments are read from the body; a header that says otherwise is refused.
// INVARIANT: an unknown method goes nowhere.
import type { RpcRef } from '../core/call.ts';
import { toGatewayError } from '../core/errors.ts';
import type { RequestHead } from '../core/exchange.ts';
import { NO_ESTIMATE } from '../core/usage.ts';
import { invalid } from './fields.ts';
import { rateLimitFields } from './limit-headers.ts';
import { mcpError, mcpStreamError } from './mcp-error.ts';
import { checkMirrors, isModern, readRevision } from './mcp-headers.ts';
import { readInput } from './mcp-input.ts';
import { narrowMcp } from './mcp-list.ts';
import { type McpMessage, readMessage, RpcRefusal } from './mcp-message.ts';
import {
  accessOf,
  HOUSEKEEPING,
  type McpAccess,
  type McpMethod,
  notificationMethod,
  requestMethod,
} from './mcp-method.ts';
import { tracedMessage, traceSlot } from './mcp-trace.ts';
import { mcpUsage } from './mcp-usage.ts';
import type { Protocol, Reading } from './protocol.ts';
import { namedPlaceOf, toolUseIdOf } from './tool-steps-mcp.ts';

const INVALID_PARAMS = -32_602;
const METHOD_NOT_FOUND = -32_601;

export const mcp: Protocol = {
  dialect: 'mcp',

  read(request, _, body) {
    return request.method === 'POST' ? readPost(request, body) : readBodiless(request, body);
  },

  write: (body, reading) => ({
    body,
    splices: reading.traceable ? ['mcp-trace'] : [],
    hideUsage: false,
  }),

  withTrace: (call, trace) => (call.rpc?.method ? tracedMessage(call.body, trace, call.traceSlot) : call.body),
  traceSlot,
  narrow: narrowMcp,
  usage: mcpUsage,
  hideUsage: (data) => data,
  error: mcpError,
  streamError: mcpStreamError,
  limitHeaders: rateLimitFields,
};

function readPost(request: RequestHead, body: Buffer): Reading {
  const message = readMessage(request, body);
  const revision = readRevision(request.headers, message);
  const modern = isModern(revision);
  const input = modern ? readInput(message) : undefined;
  const rpc: RpcRef = { id: message.id, method: message.method, revision, ...(input && { input }) };
  const known = methodOf(message);
  if (!known || (known.legacy && modern))
    throw new RpcRefusal('route.operation', unknownMethod(message), { rpc, rpcCode: METHOD_NOT_FOUND });
  checkMirrors(request.headers, message, { known, modern });
  const toolUseId = toolUseIdOf(message.meta);
  const place = namedPlaceOf(message.meta);
  return {
    ...readAccess(message, known, rpc),
    estimate: NO_ESTIMATE,
    stream: false,
    rpc,
    abortable: modern,
    traceable: message.kind !== 'response' && message.params !== undefined,
    ...(toolUseId !== undefined && { toolUseId }),
    ...(place && { place }),
  };
}

function methodOf(message: McpMessage): McpMethod | undefined {
  switch (message.kind) {
    case 'request':
      return requestMethod(message.method);
    case 'notification':
      return notificationMethod(message.method);
    case 'response':
      return HOUSEKEEPING;
    default:
      return message.kind satisfies never;
  }
}

function unknownMethod({ kind, method }: McpMessage): string {
  return `\`${method.slice(0, 100)}\` is no ${kind} of MCP that Waygate governs; it was not sent on`;
}

function readAccess(message: McpMessage, known: McpMethod, rpc: RpcRef): McpAccess {
  try {
    return accessOf(known, message.params ?? {});
  } catch (thrown) {
    throw new RpcRefusal('request.invalid', toGatewayError(thrown).message, { rpc, rpcCode: INVALID_PARAMS });
  }
}

// Listening ends when the listener leaves; ending a session does not.
function readBodiless(request: RequestHead, body: Buffer): Reading {
  if (body.length > 0) throw invalid(`expected no body with ${request.method}`);
  const listens = request.method === 'GET';
  return {
    ...accessOf(HOUSEKEEPING, {}),
    estimate: NO_ESTIMATE,
    stream: listens,
    rpc: undefined,
    abortable: listens,
    traceable: false,
  };
}
