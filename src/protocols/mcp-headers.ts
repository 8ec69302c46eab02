// What an MCP request says twice, in its headers and in its body, must be the same (MCP 2026-07-28, transports).
// INVARIANT: the body decides; a header only ever leads to a refusal.
import type { RpcRef } from '../core/call.ts';
import { header, type Headers } from '../core/exchange.ts';
import { invalid } from './fields.ts';
import { type McpMessage, RpcRefusal, VERSION_KEY } from './mcp-message.ts';
import type { McpMethod } from './mcp-method.ts';

/** JSON-RPC code of a header that contradicts the body. */
const HEADER_MISMATCH = -32_020;
const INVALID_PARAMS = -32_602;
/** The last revision with sessions, in which a disconnect does not cancel. */
export const LAST_LEGACY = '2025-11-25';
const REVISION = /^\d{4}-\d{2}-\d{2}$/;

/** Whether a revision is one without sessions: then every request stands alone and a disconnect cancels it. */
export function isModern(revision: string | undefined): boolean {
  return revision !== undefined && REVISION.test(revision) && revision > LAST_LEGACY;
}

/**
 * The revision that a message speaks; undefined where it does not say. Throws `request.mismatch`, and `request.invalid`
 * where the body leaves out what the header promises.
 */
export function readRevision(headers: Headers, message: McpMessage): string | undefined {
  const stated = header(headers, 'mcp-protocol-version');
  const inBody = message.meta[VERSION_KEY];
  if (inBody !== undefined && typeof inBody !== 'string') throw invalid(`expected \`${VERSION_KEY}\` to be a text`);
  const isRequest = message.kind === 'request';
  if (isRequest && isModern(stated) && inBody === undefined) throw unstated(message, clip(stated));
  const differ = stated !== undefined && inBody !== undefined && stated !== inBody;
  const missing = isRequest && isModern(inBody) && stated === undefined;
  if (differ || missing) {
    throw mismatch(
      message,
      `\`MCP-Protocol-Version\` is \`${clip(stated)}\`, the body's \`_meta\` says \`${clip(inBody)}\``,
    );
  }
  const negotiated = message.method === 'initialize' ? message.params?.['protocolVersion'] : undefined;
  return inBody ?? stated ?? (typeof negotiated === 'string' ? negotiated : undefined);
}

/** Compares `Mcp-Method` and `Mcp-Name` with the message. Throws `request.mismatch`. */
export function checkMirrors(
  headers: Headers,
  message: McpMessage,
  check: { known: McpMethod; modern: boolean },
): void {
  const required = check.modern && message.kind === 'request';
  const method = header(headers, 'mcp-method');
  if (method === undefined ? required : method !== message.method) {
    throw mismatch(message, `\`Mcp-Method\` is \`${clip(method)}\`, the body's method is \`${clip(message.method)}\``);
  }
  const value = check.known.mirrored && message.params?.[check.known.mirrored];
  const name = header(headers, 'mcp-name');
  if (name === undefined ? required && value !== undefined : !namesValue(name, value)) {
    throw mismatch(message, `\`Mcp-Name\` is \`${clip(name)}\`, the body says \`${clip(value)}\``);
  }
}

// `=?base64?…?=` holds UTF-8. Comparing the encoded form leaves no second way to write the same name.
function namesValue(name: string, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const encoded = /^=\?base64\?(.*)\?=$/.exec(name);
  return encoded ? encoded[1] === Buffer.from(value).toString('base64') : name === value;
}

function unstated(message: McpMessage, revision: string): RpcRefusal {
  const rpc: RpcRef = { id: message.id, method: message.method, revision: undefined };
  const what = `\`MCP-Protocol-Version\` is \`${revision}\`, which expects \`params._meta\` to say so too, as \`${VERSION_KEY}\``;
  return new RpcRefusal('request.invalid', what, { rpc, rpcCode: INVALID_PARAMS });
}

function mismatch(message: McpMessage, what: string): RpcRefusal {
  const rpc: RpcRef = { id: message.id, method: message.method, revision: undefined };
  return new RpcRefusal('request.mismatch', `${what}; send the same in both`, { rpc, rpcCode: HEADER_MISMATCH });
}

function clip(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 100) : 'absent';
}
