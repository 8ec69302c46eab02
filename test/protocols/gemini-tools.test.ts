import { expect, test } from 'vitest';
import { geminiToolNames } from '../../src/protocols/gemini-tools.ts';

test.each([
  [undefined, []],
  [null, []],
  [
    [{ functionDeclarations: [{ name: 'a' }, { name: 'b' }] }, { googleSearch: {} }],
    ['a', 'b', 'googleSearch'],
  ],
  [[{ function_declarations: [{ name: 'a' }], code_execution: {} }], ['a', 'codeExecution']],
  [{ functionDeclarations: { name: 'a' } }, ['a']],
  [[null, 1, { functionDeclarations: [{}, { name: 1 }, { name: '' }, null] }], []],
])('the tools %j are %j', (tools, names) => {
  expect(geminiToolNames(tools)).toEqual(names);
});
