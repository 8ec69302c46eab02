// Errors of MCP. Sessions stay up: whatever can be told in JSON-RPC is told with HTTP 200, and a tool call that was not
// made is a result that the model can read. HTTP errors are for the connection itself.
import { HeldForApproval } from '../core/approval.ts';
import type { RpcRef } from '../core/call.ts';
import type { GatewayError } from '../core/errors.ts';
import { errorHeaders, publicMessage } from './error-text.ts';
import { isModern } from './mcp-headers.ts';
import { inputRequired } from './mcp-input.ts';
import { resultMessage, RpcRefusal } from './mcp-message.ts';
import type { ErrorContext, WireError } from './protocol.ts';

const INVALID_REQUEST = -32_600;
const METHOD_NOT_FOUND = -32_601;
/** Waygate's own codes are 1000 and the HTTP status: outside the range that JSON-RPC and MCP reserve. */
const OWN_CODES = 1_000;

/** An error before the first byte. */
export function mcpError(error: GatewayError, context: ErrorContext): WireError {
  const rpc = rpcOf(error, context);
  const headers = { ...errorHeaders(error, context), 'x-request-id': context.requestId };
  if (rpc?.id === undefined || isOfConnection(error, rpc)) {
    return { status: error.status, headers, body: errorMessage(error, rpc) };
  }
  return { status: 200, headers, body: question(error, rpc) ?? refusal(error, rpc) };
}

function question(error: GatewayError, rpc: RpcRef): string | undefined {
  const result = error instanceof HeldForApproval && rpc.input ? inputRequired(error, rpc.input) : undefined;
  return result && resultMessage(rpc, result);
}

function refusal(error: GatewayError, rpc: RpcRef): string {
  return rpc.method === 'tools/call' ? toolResult(error, rpc) : errorMessage(error, rpc);
}

/** The event that ends a stream which broke: the answer that its request still waits for. */
export function mcpStreamError(error: GatewayError, context: ErrorContext): string {
  const rpc = rpcOf(error, context);
  return rpc?.id === undefined ? '' : `\n\nevent: message\ndata: ${errorMessage(error, rpc)}\n\n`;
}

function rpcOf(error: GatewayError, context: ErrorContext): RpcRef | undefined {
  return error instanceof RpcRefusal ? error.rpc : context.rpc;
}

// In sessions a 404 says that the session is gone; later revisions ask for it where a method is unknown.
function isOfConnection(error: GatewayError, rpc: RpcRef): boolean {
  if (error.code === 'route.operation') return isModern(rpc.revision);
  return /^(identity|request|route)\./.test(error.code);
}

function toolResult(error: GatewayError, rpc: RpcRef): string {
  // Past the permit only the message itself knows whether the tool ran.
  const unsent = /^(policy|approval|limit|price|audit)\./.test(error.code) ? '; the tool was not executed' : '';
  const text = publicMessage(error) + unsent;
  const result = {
    ...(isModern(rpc.revision) && { resultType: 'complete' }),
    content: [{ type: 'text', text }],
    isError: true,
  };
  return resultMessage(rpc, result);
}

function errorMessage(error: GatewayError, rpc: RpcRef | undefined): string {
  const { code, rule, retryAfterMs } = error;
  const body = {
    code: rpcCode(error),
    message: publicMessage(error),
    data: { code, ...(rule !== undefined && { rule }), ...(retryAfterMs !== undefined && { retryAfterMs }) },
  };
  return `{"jsonrpc":"2.0","id":${rpc?.id ?? 'null'},"error":${JSON.stringify(body)}}`;
}

function rpcCode(error: GatewayError): number {
  if (error instanceof RpcRefusal) return error.rpcCode;
  if (error.code === 'route.operation') return METHOD_NOT_FOUND;
  return error.code.startsWith('request.') ? INVALID_REQUEST : OWN_CODES + error.status;
}
