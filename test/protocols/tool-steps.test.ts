import { expect, test } from 'vitest';
import { sha256 } from '../../src/core/digest.ts';
import {
  addInput,
  addUse,
  beginUse,
  contentText,
  decoded,
  invocation,
  newToolUses,
  toolAsks,
  toolResults,
} from '../../src/protocols/tool-steps.ts';

test('a use is told in pieces, each to its place', () => {
  const list = newToolUses();
  beginUse(list, '0', { id: 'a', name: 'Bash' });
  beginUse(list, '1', { id: 'b', name: 'Read' });
  for (const piece of ['{"command"', ':"ls"}']) addInput(list, '0', piece);
  addInput(list, '2', 'nowhere');
  addInput(list, '0', 7);
  expect(list.uses).toEqual([
    { id: 'a', name: 'Bash', input: '{"command":"ls"}' },
    { id: 'b', name: 'Read', input: '' },
  ]);
});

test.each([
  ['a name that is no text', { id: 'a', name: 7 }],
  ['no name', { id: 'a', name: '' }],
  ['a name beyond the bound', { id: 'a', name: 'n'.repeat(257) }],
  ['a name of several lines', { id: 'a', name: 'Ba\nsh' }],
  ['an id beyond the bound', { id: 'i'.repeat(257), name: 'Bash' }],
])('a use with %s is not kept, nor what follows at its place', (_, told) => {
  const list = newToolUses();
  beginUse(list, '0', told);
  addInput(list, '0', '{}');
  expect(list.uses).toEqual([]);
});

test('an answer is kept up to 64 uses and a mebibyte of arguments; of a longer one the arguments are unknown', () => {
  const list = newToolUses();
  for (let index = 0; index < 70; index += 1) beginUse(list, String(index), { id: `i${index}`, name: 'Bash' });
  expect(list.uses).toHaveLength(64);
  addInput(list, '3', 'x'.repeat(1_048_576));
  addInput(list, '4', 'y');
  addInput(list, '4', 'z');
  expect(toolAsks(list.uses.slice(3, 5))).toEqual([
    { id: 'i3', name: 'Bash', argsDigest: sha256('x'.repeat(1_048_576)) },
    { id: 'i4', name: 'Bash', argsDigest: '' },
  ]);
});

test('a use with its arguments as a value is the same as with their text', () => {
  const list = newToolUses();
  addUse(list, '0', { id: 'a', name: 'Bash', input: { b: 1, a: 2 } });
  addUse(list, '1', { id: 'a', name: 'Bash', input: '{ "a": 2, "b": 1 }' });
  addUse(list, '2', { id: 'a', name: 'Bash', input: undefined });
  const [value, text, nothing] = toolAsks(list.uses);
  expect(text).toEqual(value);
  expect(nothing?.argsDigest).toBe(sha256('{}'));
});

test.each([
  ['as a value', { name: 'get_issue', arguments: { number: 7 } }],
  ['as a text', '{"name":"get_issue","arguments":{"number":7}}'],
  ['with a text inside', '{"name":"get_issue","arguments":"{\\"number\\":7}"}'],
])('a tool that is called through `tool_call` is itself what is called, %s', (_, input) => {
  expect(invocation('tool_call', input)).toEqual({
    name: 'get_issue',
    args: { number: 7 },
    argsDigest: sha256('{"number":7}'),
  });
});

test('a tool that is only named `tool_call` is that tool', () => {
  expect(invocation('tool_call', { x: 1 })).toMatchObject({ name: 'tool_call', args: { x: 1 } });
});

test.each([
  ['no JSON', 'rm -rf', sha256('rm -rf')],
  ['no object', '[1]', sha256('[1]')],
  ['nothing', '', sha256('{}')],
])('arguments that are %s are told apart all the same', (_, input, argsDigest) => {
  expect(invocation('patch', input)).toEqual({ name: 'patch', args: {}, argsDigest });
});

test('a result is the same by itself and in blocks, whatever is marked for a cache', () => {
  expect(contentText([{ type: 'text', text: 'ok', cache_control: { type: 'ephemeral' } }])).toBe('ok');
  const image = { type: 'image', source: { data: 'aGk=', type: 'base64' } };
  expect(contentText([image, { type: 'text', text: 'b' }, 7])).toBe(
    '{"source":{"data":"aGk=","type":"base64"},"type":"image"}\nb\n7',
  );
  expect(contentText([{ ...image, cache_control: { type: 'ephemeral' } }])).toBe(contentText([image]));
  expect(contentText(undefined)).toBe('""');
  expect(contentText({ b: 1, a: 2 })).toBe('{"a":2,"b":1}');
});

const told = { id: 'a', name: 'Bash', input: {}, content: 'ok', isError: false };

test('a failure with the text of a success is another result', () => {
  const [fine, failed, again] = toolResults([told, { ...told, isError: true }, told], 0);
  expect(failed?.resultDigest).not.toBe(fine?.resultDigest);
  expect(again?.resultDigest).toBe(fine?.resultDigest);
});

test('a name of several lines is no name', () => {
  expect(toolResults([{ ...told, name: 'a\nb' }], 0)).toMatchObject([{ name: '', argsDigest: '' }]);
});

test('where there is no id, one is made: the same for the same turn, another for each turn and place', () => {
  const ids = (turn: number): readonly string[] =>
    toolResults(
      [
        { ...told, id: '' },
        { ...told, id: 'i'.repeat(257) },
      ],
      turn,
    ).map(({ id }) => id);
  expect(ids(4)).toEqual(ids(4));
  expect(new Set([...ids(4), ...ids(6)]).size).toBe(4);
  expect(ids(4)[0]).toMatch(/^~[0-9a-f]{32}$/);
});

test('a turn that tells of more results than can be looked at is refused', () => {
  expect(() =>
    toolResults(
      Array.from({ length: 1_001 }, () => told),
      0,
    ),
  ).toThrow("expected at most 1000 results of tools behind the model's last answer; send fewer at once");
});

test('a value read one character per byte is read anew where it has more than ASCII', () => {
  const latin1 = Buffer.from('{"a":"é"}').toString('latin1');
  const value = JSON.parse(latin1) as Record<string, unknown>;
  expect(decoded(value, latin1)).toEqual({ a: 'é' });
  expect(decoded(value, 'é')).toBe(value);
  const plain = { a: 1 };
  expect(decoded(plain, '{"a":1}')).toBe(plain);
});
