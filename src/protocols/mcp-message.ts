// One JSON-RPC message of MCP, as it came by POST. Batches left MCP in 2025-06-18.
import type { RpcRef } from '../core/call.ts';
import { GatewayError, type ErrorCode } from '../core/errors.ts';
import type { RequestHead } from '../core/exchange.ts';
import { type Fields, invalid, isFields, knownKeys, readFields, refuseVariants } from './fields.ts';

const ENVELOPE = knownKeys('jsonrpc id method params result error');
const PARAMS = knownKeys('name uri arguments ref _meta protocolVersion taskId cursor');
const ID_MAX = 512;

/** Where a message says which revision it speaks, from 2026-07-28 on. */
export const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
const META = knownKeys(`${VERSION_KEY} traceparent tracestate`);

export interface McpMessage {
  readonly kind: 'request' | 'notification' | 'response';
  /** Empty for a response. */
  readonly method: string;
  readonly params: Fields | undefined;
  readonly meta: Fields;
  /** As JSON; undefined but for a request. */
  readonly id: string | undefined;
}

/** A refusal of a message that was understood far enough to answer it by its id. */
export class RpcRefusal extends GatewayError {
  readonly rpc: RpcRef;
  readonly rpcCode: number;

  constructor(code: ErrorCode, message: string, answer: { readonly rpc: RpcRef; readonly rpcCode: number }) {
    super(code, message);
    this.rpc = answer.rpc;
    this.rpcCode = answer.rpcCode;
  }
}

/** The answer to a request with this result. */
export function resultMessage({ id }: RpcRef, result: Fields): string {
  return `{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result)}}`;
}

/** Reads the message of a POST. Throws `request.invalid`. */
export function readMessage(request: RequestHead, body: Buffer): McpMessage {
  const fields = readFields(request, body);
  refuseVariants(fields, ENVELOPE);
  if (fields['jsonrpc'] !== '2.0') throw invalid('expected one JSON-RPC message with `"jsonrpc":"2.0"`');
  const params = objectIn(fields, 'params');
  if (params) refuseVariants(params, PARAMS);
  const meta = (params && objectIn(params, '_meta')) ?? {};
  refuseVariants(meta, META);
  const isAnswer = 'result' in fields || 'error' in fields;
  if ('method' in fields ? isAnswer : !isAnswer) {
    throw invalid('expected a message with either `method` or one of `result` and `error`');
  }
  if (isAnswer) return { kind: 'response', method: '', params, meta, id: undefined };
  const { method } = fields;
  if (typeof method !== 'string' || method === '') throw invalid('expected `method` to be a text');
  if (!('id' in fields)) return { kind: 'notification', method, params, meta, id: undefined };
  return { kind: 'request', method, params, meta, id: readId(fields['id']) };
}

function objectIn(fields: Fields, key: string): Fields | undefined {
  const value = fields[key];
  if (value === undefined) return undefined;
  if (!isFields(value)) throw invalid(`expected \`${key}\` to be an object`);
  return value;
}

function readId(id: unknown): string {
  const sound = typeof id === 'string' ? id.length <= ID_MAX && id.isWellFormed() : Number.isSafeInteger(id);
  if (!sound) throw invalid(`expected \`id\` to be a whole number or a text of at most ${ID_MAX} characters`);
  return JSON.stringify(id);
}
