// A refusal as plain values, for its way from the thread that read a body to the one that answers.
import type { RpcRef } from '../core/call.ts';
import { type ErrorCode, GatewayError } from '../core/errors.ts';
import { RpcRefusal } from './mcp-message.ts';

export interface PackedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly cause: string | undefined;
  readonly answer: { readonly rpc: RpcRef; readonly rpcCode: number } | undefined;
}

export function packError(error: GatewayError): PackedError {
  const { code, message, cause } = error;
  return {
    code,
    message,
    cause: cause instanceof Error ? cause.message : undefined,
    answer: error instanceof RpcRefusal ? { rpc: error.rpc, rpcCode: error.rpcCode } : undefined,
  };
}

export function unpackError({ code, message, cause, answer }: PackedError): GatewayError {
  if (answer) return new RpcRefusal(code, message, answer);
  return new GatewayError(code, message, cause === undefined ? {} : { cause: new Error(cause) });
}
