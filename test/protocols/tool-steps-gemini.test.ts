import { expect, test } from 'vitest';
import { ask, asksIn, asksInStream, resultsIn, toldIn } from './tool-traffic.ts';

const functionCall = (name: string, args: object, id?: string) => ({ functionCall: { name, args, id } });
const functionResponse = (name: string, response: object, id?: string) => ({
  functionResponse: { name, response, id },
});
const model = (...parts: readonly object[]) => ({ role: 'model', parts });
const user = (...parts: readonly object[]) => ({ role: 'user', parts });
const told = (...contents: readonly unknown[]) => toldIn('gemini', { contents });
const made = expect.stringMatching(/^~[0-9a-f]{32}$/) as unknown;

test('only results behind the last answer are told, each with a call of its name in their order', () => {
  const history = [user({ text: 'x' }), model(functionCall('ls', { dir: 'old' })), user(functionResponse('ls', {}))];
  expect(
    told(
      ...history,
      model(functionCall('ls', { dir: 'a' }), functionCall('ls', { dir: 'b' })),
      user(functionResponse('ls', { output: 1 }), functionResponse('ls', { output: 1 })),
    ),
  ).toEqual([
    ['ls', made, { dir: 'a' }],
    ['ls', made, { dir: 'b' }],
  ]);
});

test('where there are ids, they say which', () => {
  expect(
    told(
      model(functionCall('ls', { dir: 'a' }, '1'), functionCall('ls', { dir: 'b' }, '2')),
      user(functionResponse('ls', {}, '2'), functionResponse('ls', {}, '1')),
    ),
  ).toEqual([
    ['ls', '2', { dir: 'b' }],
    ['ls', '1', { dir: 'a' }],
  ]);
});

test('both spellings are read, and one part stands for a list of one', () => {
  expect(
    told(
      { role: 'model', parts: [{ function_call: { name: 'ls', args: { dir: 'a' } } }] },
      { role: 'function', parts: { function_response: { name: 'ls', response: { error: 'no' } } } },
    ),
  ).toEqual([['ls', made, { dir: 'a' }]]);
});

test('a failure is told, and a model without tools tells of none', () => {
  const contents = [model(functionCall('ls', {})), user(functionResponse('ls', { error: 'no' })), model({ text: '{' })];
  expect(resultsIn('gemini', { contents })).toMatchObject([{ isError: true }]);
  expect(told(user({ text: 'x' }), 7)).toEqual([]);
});

test('an answer tells which tools it asks for, whole, in a list of chunks and in a stream', () => {
  const chunk = (...parts: readonly object[]) => ({ candidates: [{ content: model(...parts) }] });
  const first = chunk({ text: 'hm' }, functionCall('ls', { dir: 'é' }, 'g1'));
  const second = chunk(functionCall('cat', {}));
  const all = [ask('g1', 'ls', '{"dir":"é"}'), ask('', 'cat', '{}')];
  expect(asksIn('gemini', first)).toEqual(all.slice(0, 1));
  expect(asksIn('gemini', [first, second])).toEqual(all);
  expect(asksInStream('gemini', [first, second, { candidates: [7] }])).toEqual(all);
});
