import { expect, test } from 'vitest';
import { ask, asksIn, asksInStream, resultsIn, toldIn } from './tool-traffic.ts';

const use = (id: string, name = 'Bash', input: object = { command: id }) => ({ type: 'tool_use', id, name, input });
const result = (id: string, content: unknown = 'ok') => ({ type: 'tool_result', tool_use_id: id, content });
const user = (...content: readonly object[]) => ({ role: 'user', content });
const assistant = (...content: readonly object[]) => ({ role: 'assistant', content });
const text = { type: 'text', text: 'hm' };
const told = (...messages: readonly unknown[]) => toldIn('anthropic', { max_tokens: 1, messages });

test('only results behind the last answer are told, with the calls that they answer', () => {
  const history = [user(text), assistant(use('old')), user(result('old')), assistant(text, use('a'), use('b', 'Read'))];
  expect(told(...history, user(result('b'), result('a'), text))).toEqual([
    ['Read', 'b', { command: 'b' }],
    ['Bash', 'a', { command: 'a' }],
  ]);
});

test('results in several messages of one turn, and calls in several of one answer, belong together', () => {
  expect(told(assistant(use('a')), assistant(use('b')), user(result('a')), user(result('b')))).toEqual([
    ['Bash', 'a', { command: 'a' }],
    ['Bash', 'b', { command: 'b' }],
  ]);
});

test('an answer that is begun for the model hides no results', () => {
  expect(told(assistant(use('a')), user(result('a')), { role: 'assistant', content: '{' })).toHaveLength(1);
  expect(told(assistant(use('a')), user(result('a')), assistant(text))).toHaveLength(1);
});

test('a result whose call is not in the request is told without a name', () => {
  expect(told(user(result('a')))).toEqual([['', 'a', {}]]);
  expect(resultsIn('anthropic', { max_tokens: 1, messages: [user(result('a'))] })[0]?.argsDigest).toBe('');
});

test.each([
  ['no messages', {}],
  ['messages that are no list', { messages: 'x' }],
  ['a conversation without tools', { messages: [user(text), assistant(text), user(text)] }],
  ['a call without a result', { messages: [user(text), assistant(use('a'))] }],
  ['parts that are none', { messages: [7, { role: 'user', content: [null, 'x', { type: 'tool_result' }] }] }],
])('%s tells of no tool that is known', (_, fields) => {
  expect(toldIn('anthropic', { max_tokens: 1, ...fields }).filter((row) => (row as string[])[0] !== '')).toEqual([]);
});

test('a failure is told', () => {
  const messages = [assistant(use('a')), user({ ...result('a'), is_error: true })];
  expect(resultsIn('anthropic', { max_tokens: 1, messages })).toMatchObject([{ isError: true }]);
});

test('an answer tells which tools it asks for', () => {
  expect(
    asksIn('anthropic', {
      content: [text, use('a', 'Bash', { command: 'é' }), { ...use('s'), type: 'server_tool_use' }],
    }),
  ).toEqual([ask('a', 'Bash', '{"command":"é"}')]);
});

test('so does a stream, its arguments in pieces', () => {
  const start = (index: number, block: object) => ({ type: 'content_block_start', index, content_block: block });
  const piece = (index: number, json: string) => ({
    type: 'content_block_delta',
    index,
    delta: { type: 'input_json_delta', partial_json: json },
  });
  expect(
    asksInStream('anthropic', [
      start(0, text),
      start(1, use('a', 'Bash', {})),
      piece(1, ''),
      piece(1, '{"command":"caf'),
      piece(1, 'é"}'),
      { type: 'content_block_stop', index: 1 },
      start(2, use('b', 'Read', { path: 'x' })),
      start(3, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }),
      piece(3, '{"query":"x"}'),
    ]),
  ).toEqual([ask('a', 'Bash', '{"command":"café"}'), ask('b', 'Read', '{"path":"x"}')]);
});
