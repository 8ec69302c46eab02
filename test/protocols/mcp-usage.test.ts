import { expect, test } from 'vitest';
import { mcpUsage } from '../../src/protocols/mcp-usage.ts';

const terminalAfter = (data: string): boolean => {
  const usage = mcpUsage();
  usage.event('message', data);
  return usage.result.terminal;
};

test.each(['{"jsonrpc":"2.0","id":1,"result":{}}', '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}'])(
  'the answer %s is what the client waited for',
  (data) => {
    expect(terminalAfter(data)).toBe(true);
  },
);

test.each([
  ['{"jsonrpc":"2.0","id":1,"result":{"isError":true,"content":[]}}', 'tool_error'],
  ['{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}}', '-32602'],
  ['{"jsonrpc":"2.0","id":1,"error":{"code":"x"}}', undefined],
  ['{"jsonrpc":"2.0","id":1,"result":{"isError":false}}', undefined],
  ['{"jsonrpc":"2.0","id":1,"result":{"text":"\\"isError\\""}}', undefined],
  ['{"jsonrpc":"2.0","id":1,"result":{"isError":', undefined],
])('the answer %s has the failure %s, in JSON and in an event', (text, failure) => {
  const [whole, event] = [mcpUsage(), mcpUsage()];
  whole.json(Buffer.from(text));
  event.event('message', text);
  expect(whole.result).toMatchObject({ failure, terminal: true });
  expect(event.result.failure).toBe(failure);
});

test.each([
  '{"jsonrpc":"2.0","method":"notifications/message","params":{"result":1}}',
  '{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{"error":{}}}',
  '{"jsonrpc":"2.0","id":1,"error":"no"}',
  '{"params":{"result":1}}',
  '{"jsonrpc":"2.0","id":1,"result":{',
  '"result"',
  '',
])('%s is not', (data) => {
  expect(terminalAfter(data)).toBe(false);
});
