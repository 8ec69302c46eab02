import { expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { RpcRefusal } from '../../src/protocols/mcp-message.ts';
import { packError, unpackError } from '../../src/protocols/packed-error.ts';

const rpc = { id: '7', method: 'tools/call', revision: '2025-11-25' };

test.each([
  ['a refusal', new GatewayError('request.invalid', 'no')],
  ['one with a cause', new GatewayError('request.invalid', 'no', { cause: new SyntaxError('unexpected end') })],
  ['one of a message of MCP', new RpcRefusal('route.operation', 'no', { rpc, rpcCode: -32_601 })],
])('%s survives its way between threads', (_, error) => {
  const back = unpackError(structuredClone(packError(error)));
  expect(back).toBeInstanceOf(error.constructor);
  expect(packError(back)).toEqual(packError(error));
  expect(back).toMatchObject({ code: error.code, message: 'no' });
});
