import { describe, expect, test } from 'vitest';
import { shownArguments, treeOf } from '../../src/runs/approval-summary.ts';
import { readTree } from '../../src/runs/canonical-json.ts';

const show = (text: string, ...redact: string[]) => shownArguments(readTree(text), redact);

describe('what approvers see of arguments', () => {
  test('is all of them, in order, with every digit', () => {
    expect(show('{"b":9007199254740993,"a":[1,"x"]}')).toEqual({
      args: '{"a":[1,"x"],"b":9007199254740993}',
      argsCut: false,
    });
  });

  test.each([
    [['body'], '{"body":"[redacted]","to":[{"key":"k","name":"n"}]}'],
    [['args.body'], '{"body":"[redacted]","to":[{"key":"k","name":"n"}]}'],
    [['to.key'], '{"body":"b","to":[{"key":"[redacted]","name":"n"}]}'],
    [['to'], '{"body":"b","to":"[redacted]"}'],
    [['args'], '"[redacted]"'],
  ])('lacks %j where the policy redacts it', (redact, args) => {
    expect(show('{"to":[{"name":"n","key":"k"}],"body":"b"}', ...redact).args).toBe(args);
  });

  test('is short: a long text by its beginning, so that it hides no other argument', () => {
    const { args, argsCut } = show(`{"body":${JSON.stringify('x'.repeat(100_000))},"to":"eve"}`);
    expect(argsCut).toBe(true);
    expect(args).toContain('… (99488 more characters)","to":"eve"}');
  });

  test('is at most 4 KB in UTF-8, and cut between characters', () => {
    const many = JSON.stringify(Array.from({ length: 2_000 }, () => '€😀'));
    const { args, argsCut } = show(many);
    expect(argsCut).toBe(true);
    expect(Buffer.byteLength(args)).toBeLessThanOrEqual(4_096);
    expect(args).not.toContain('\uFFFD');
    expect(args.endsWith('…')).toBe(true);
  });

  test('of what conditions read, whatever it is', () => {
    const tree = treeOf({ a: ['x', 1.5, true, null, undefined, { b: '\ud800' }] });
    expect(shownArguments(tree, []).args).toBe('{"a":["x",1.5,true,null,null,{"b":"\uFFFD"}]}');
  });
});
