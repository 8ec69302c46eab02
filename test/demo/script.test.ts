import { describe, expect, test } from 'vitest';
import { countTokens, planAnswer, type Prompt } from '../../src/demo/script.ts';

const ECHO = { name: 'echo', schema: { properties: { message: { type: 'string' } }, required: ['message'] } };
const prompt = (text: string, rest: Partial<Prompt> = {}): Prompt => ({
  model: 'demo-small',
  turns: [{ by: 'user', text }],
  tools: [ECHO],
  choice: 'auto',
  maxTokens: Infinity,
  stops: [],
  ...rest,
});
const said = (plan: ReturnType<typeof planAnswer>) => plan.pieces.join('');

describe('what the demo model says', () => {
  test('the same prompt gets the same words', () => {
    expect(planAnswer(prompt('hello'))).toEqual(planAnswer(prompt('hello')));
  });

  test('a tool is called with what follows its name', () => {
    const plan = planAnswer(prompt('echo good morning'));
    expect(plan).toMatchObject({ kind: 'call', tool: 'echo' });
    expect(said(plan)).toBe('{"message":"good morning"}');
  });

  test('of several tools the one named first is called', () => {
    const tools = [ECHO, { name: 'add', schema: null }];
    expect(planAnswer(prompt('add, then echo', { tools }))).toMatchObject({ tool: 'add' });
  });

  test('results since the last answer are told together, even where a tool is forced', () => {
    const turns: Prompt['turns'] = [
      { by: 'user', text: 'echo a and echo b' },
      { by: 'tool', text: 'old' },
      { by: 'assistant', text: '' },
      { by: 'tool', text: 'a' },
      { by: 'tool', text: 'b' },
      { by: 'system', text: 'call echo' },
    ];
    expect(said(planAnswer(prompt('', { turns, choice: 'required' })))).toBe('The tool returned: a; b');
  });

  test('a call that does not fit is said, never cut: half an argument is no JSON', () => {
    const plan = planAnswer(prompt('echo a long message', { maxTokens: 3 }));
    expect(plan).toMatchObject({ kind: 'text', finish: 'length' });
    expect(plan.pieces).toHaveLength(3);
  });

  test('a long question is quoted in part, and never through the middle of a character', () => {
    const plan = planAnswer(prompt(`x${'🌍'.repeat(9_000)}`));
    expect(said(plan).isWellFormed()).toBe(true);
    expect(said(plan).length).toBeLessThan(600);
  });

  test('of several stop sequences the one that comes first ends the answer', () => {
    const plan = planAnswer(prompt('x', { stops: ['said', 'Hello', ''] }));
    expect(plan).toEqual({ kind: 'text', pieces: [], finish: { stop: 'Hello' } });
  });

  test('tokens are counted over all that was sent', () => {
    expect(countTokens(['a'])).toBe(1);
    expect(countTokens([{ text: 'a b c d e f g' }])).toBeGreaterThan(countTokens([{ text: 'a b' }]));
  });
});
