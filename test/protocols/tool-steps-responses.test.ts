import { expect, test } from 'vitest';
import { ask, asksIn, asksInStream, toldIn } from './tool-traffic.ts';

const call = (id: string, name = 'shell', args = `{"command":"${id}"}`) => ({
  type: 'function_call',
  id: `fc_${id}`,
  call_id: id,
  name,
  arguments: args,
});
const output = (id: string, said: unknown = 'ok') => ({ type: 'function_call_output', call_id: id, output: said });
const reasoning = { type: 'reasoning', id: 'rs', summary: [] };
const told = (...input: readonly unknown[]) => toldIn('openai-responses', { input });

test('only results behind the last answer are told, with the calls that they answer', () => {
  const history = [{ role: 'user', content: 'x' }, reasoning, call('old'), output('old')];
  expect(told(...history, reasoning, call('a'), call('b'), output('a'), output('b'))).toEqual([
    ['shell', 'a', { command: 'a' }],
    ['shell', 'b', { command: 'b' }],
  ]);
});

test('calls and their results may stand in turns', () => {
  expect(told({ role: 'assistant', content: 'hm' }, call('a'), output('a'), call('b'), output('b'))).toHaveLength(2);
});

test('what the user says behind a result hides it not', () => {
  expect(told(reasoning, call('a'), output('a'), { role: 'user', content: 'go on' })).toHaveLength(1);
});

test('custom tools and those of the provider that the client runs are told; what the provider runs is not', () => {
  expect(
    told(
      { type: 'web_search_call', id: 'ws', status: 'completed' },
      { type: 'custom_tool_call', call_id: 'c', name: 'apply_patch', input: '*** Begin' },
      { type: 'local_shell_call', call_id: 'l', action: { type: 'exec', command: ['ls'] } },
      { type: 'custom_tool_call_output', call_id: 'c', output: 'done' },
      { type: 'local_shell_call_output', call_id: 'l', output: '{}' },
    ),
  ).toEqual([
    ['apply_patch', 'c', {}],
    ['local_shell', 'l', { type: 'exec', command: ['ls'] }],
  ]);
});

test('a result whose call stands in an earlier response is told without a name', () => {
  expect(told(output('a'))).toEqual([['', 'a', {}]]);
  expect(toldIn('openai-responses', { input: 'hello' })).toEqual([]);
});

test('a conversation that is nothing but calls and results is looked at from its end, and not to its beginning', () => {
  const long = Array.from({ length: 400 }, (_, index) => [call(`c${index}`), output(`c${index}`)]).flat();
  const read = told(...long, 7) as [string, string][];
  expect(read.length).toBeLessThan(70);
  expect(read.at(-1)).toEqual(['shell', 'c399', { command: 'c399' }]);
});

test('an answer tells which tools it asks for', () => {
  expect(
    asksIn('openai-responses', { status: 'completed', output: [reasoning, call('a', 'shell', '{"command":"é"}')] }),
  ).toEqual([ask('a', 'shell', '{"command":"é"}')]);
});

test('a stream tells of each once, when its item is whole or, at the latest, at its end', () => {
  const item = (told: object) => ({ type: 'response.output_item.done', output_index: 0, item: told });
  expect(
    asksInStream('openai-responses', [
      { type: 'response.output_item.added', item: call('a', 'shell', '') },
      item(call('a', 'shell', '{"command":"é"}')),
      item(reasoning),
      { type: 'response.completed', response: { status: 'completed', output: [call('a'), call('b')] } },
    ]),
  ).toEqual([ask('a', 'shell', '{"command":"é"}'), ask('b', 'shell', '{"command":"b"}')]);
});
