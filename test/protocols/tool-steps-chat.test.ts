import { expect, test } from 'vitest';
import { ask, asksIn, asksInStream, toldIn } from './tool-traffic.ts';

const call = (id: string, name = 'bash', args = `{"command":"${id}"}`) => ({
  id,
  type: 'function',
  function: { name, arguments: args },
});
const assistant = (...calls: readonly object[]) => ({ role: 'assistant', content: null, tool_calls: calls });
const tool = (id: string, content = 'ok') => ({ role: 'tool', tool_call_id: id, content });
const told = (...messages: readonly unknown[]) => toldIn('openai-chat', { messages });

test('only results behind the last answer are told, with the calls that they answer', () => {
  const history = [{ role: 'user', content: 'x' }, assistant(call('old')), tool('old')];
  expect(told(...history, assistant(call('a'), call('b', 'read')), tool('b'), tool('a'))).toEqual([
    ['read', 'b', { command: 'b' }],
    ['bash', 'a', { command: 'a' }],
  ]);
});

test('what the user says behind a result, and an answer begun for the model, hide none', () => {
  const turn = [assistant(call('a')), tool('a')];
  expect(told(...turn, { role: 'user', content: 'go on' })).toHaveLength(1);
  expect(told(...turn, { role: 'assistant', content: '{' })).toHaveLength(1);
});

test('a tool with a free text, and the one function of older requests, are told as well', () => {
  const custom = { id: 'c', type: 'custom', custom: { name: 'patch', input: '*** Begin' } };
  expect(told(assistant(custom), tool('c'))).toEqual([['patch', 'c', {}]]);
  const older = { role: 'assistant', function_call: { name: 'f', arguments: '{"x":1}' } };
  expect(told(older, { role: 'function', name: 'f', content: 'y' })).toEqual([
    ['f', expect.stringMatching(/^~/), { x: 1 }],
  ]);
});

test('a result whose call is not in the request is told without a name, and what is no message is passed over', () => {
  expect(told(tool('a'), 7)).toEqual([['', 'a', {}]]);
  expect(toldIn('openai-chat', { messages: 'x' })).toEqual([]);
});

test('an answer tells which tools it asks for, in every choice', () => {
  const choices = [
    { index: 0, message: assistant(call('a', 'bash', '{"command":"é"}')) },
    { index: 1, message: { role: 'assistant', function_call: { name: 'f', arguments: '{}' } } },
    { index: 2, message: { role: 'assistant', content: 'no' } },
  ];
  expect(asksIn('openai-chat', { choices })).toEqual([ask('a', 'bash', '{"command":"é"}'), ask('', 'f', '{}')]);
});

test('so does a stream, its arguments in pieces, the name repeated or not', () => {
  const chunk = (...calls: readonly object[]) => ({ choices: [{ index: 0, delta: { tool_calls: calls } }] });
  expect(
    asksInStream('openai-chat', [
      chunk({ index: 0, id: 'a', function: { name: 'bash', arguments: '' } }),
      chunk({ index: 0, function: { arguments: '{"command"' } }, { index: 1, id: 'b', function: { name: 'read' } }),
      chunk({ index: 0, id: 'a', function: { name: 'bash', arguments: ':"é"}' } }),
      chunk({ index: 1, function: { name: null, arguments: '{}' } }),
      // A provider that numbers every call 0.
      chunk({ index: 0, id: 'c', function: { name: 'bash', arguments: '{}' } }),
    ]),
  ).toEqual([ask('a', 'bash', '{"command":"é"}'), ask('b', 'read', '{}'), ask('c', 'bash', '{}')]);
});
