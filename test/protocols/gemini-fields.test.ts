import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  readConfig,
  readMembers,
  readThinking,
  usualNames,
  usualNamesDeep,
} from '../../src/protocols/gemini-fields.ts';

describe('the two spellings of a field', () => {
  test('are one', () => {
    expect(readMembers({ generation_config: { a: 1 }, cachedContent: 'x' })).toEqual({
      generationConfig: { a: 1 },
      cachedContent: 'x',
    });
    expect(readConfig({ generationConfig: { max_output_tokens: 5 } })).toEqual({ maxOutputTokens: 5 });
    expect(readThinking({ thinkingConfig: { thinking_budget: 7 } })).toEqual({ thinkingBudget: 7 });
  });

  test('are refused together, at any depth that a policy sees', () => {
    expect(() => readMembers({ cachedContent: 'a', cached_content: 'b' })).toThrow(/`cachedContent` in two spellings/);
    expect(() => usualNamesDeep({ a: [{ toolX: 1, tool_x: 2 }] })).toThrow(/`toolX` in two spellings/);
  });

  test('are not looked for in maps of the author’s own', () => {
    const schema = { properties: { a_b: {}, aB: {} } };
    const config = { generation_config: { response_schema: schema, responseJsonSchema: schema }, labels: { a_b: '1' } };
    expect(usualNamesDeep(config)).toEqual({
      generationConfig: { responseSchema: schema, responseJsonSchema: schema },
      labels: { a_b: '1' },
    });
  });

  test('leave an object alone that has the usual ones', () => {
    const fields = { contents: [], _private: 1, Upper_case: 2, a__b: 3 };
    expect(usualNames(fields)).toBe(fields);
  });

  test('a name that everything has is a name like any other', () => {
    const fields = JSON.parse('{"__proto__":{"polluted":true},"a_b":1}') as Record<string, unknown>;
    const named = usualNamesDeep(fields) as Record<string, unknown>;
    expect(Object.keys(named)).toEqual(['__proto__', 'aB']);
    expect(named['polluted']).toBeUndefined();
  });

  test('whichever is written, a policy sees the same', () => {
    const camel = fc.stringMatching(/^[a-z]{1,4}(?:[A-Z][a-z]{1,3}){0,3}$/);
    const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const object = fc.dictionary(camel, fc.oneof(fc.integer(), fc.array(fc.dictionary(camel, fc.integer()))));
    const spelt = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(spelt);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [snake(key), spelt(member)]));
    };
    fc.assert(
      fc.property(object, (value) => {
        expect(usualNamesDeep(spelt(value))).toEqual(value);
      }),
    );
  });
});

describe('what is no object of settings', () => {
  test('is refused, and what is absent or null is empty', () => {
    expect(() => readConfig({ generationConfig: 1 })).toThrow(/`generationConfig` to be an object/);
    expect(() => readThinking({ thinkingConfig: 'x' })).toThrow(/`thinkingConfig` to be an object/);
    expect(readConfig({ generationConfig: null })).toEqual({});
  });

  test('a key that could be taken for a known one is refused', () => {
    expect(() => readMembers({ GenerationConfig: {} })).toThrow(/`generationConfig`/);
    expect(() => readConfig({ generationConfig: { maxoutputtokens: 1 } })).toThrow(/`maxOutputTokens`/);
    expect(() => readThinking({ thinkingConfig: { thinkingbudget: 1 } })).toThrow(/`thinkingBudget`/);
  });
});
