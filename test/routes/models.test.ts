import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AliasTarget, modelSelector, type ModelSelector } from '../../src/routes/models.ts';

function select(selector: ModelSelector, model: string): string {
  try {
    return selector
      .select(model, 'run_1')
      .map((choice) => `${choice.upstream}/${choice.model}`)
      .join(' ');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `upstream/model` as a target. */
function to(target: string, weight = 1): AliasTarget {
  const slash = target.indexOf('/');
  return { upstream: target.slice(0, slash), model: target.slice(slash + 1), weight };
}

const models = modelSelector({
  upstreams: new Map([
    ['openai', ['gpt-*', 'o3', 'text-embedding-*-large']],
    ['moonshot', ['kimi-*', 'gpt-oss']],
    ['local', ['llama3.1:8b', 'a+b(c)']],
  ]),
  aliases: new Map([
    ['fast', [to('openai/gpt-5-mini')]],
    ['router', [to('local/meta/llama-3')]],
    ['elsewhere', [to('unknown/model')]],
    ['gpt-4', [to('moonshot/kimi-k2')]],
  ]),
});

describe('which upstream serves a model', () => {
  test.each([
    ['gpt-5', 'openai/gpt-5'],
    ['gpt-', 'openai/gpt-'],
    ['o3', 'openai/o3'],
    ['text-embedding-3-large', 'openai/text-embedding-3-large'],
    ['kimi-k2', 'moonshot/kimi-k2'],
    ['llama3.1:8b', 'local/llama3.1:8b'],
    ['a+b(c)', 'local/a+b(c)'],
  ])('%s → %s', (model, expected) => {
    expect(select(models, model)).toBe(expected);
    expect(select(models, model), 'and again').toBe(expected);
  });

  test('an exact name wins over a pattern', () => {
    expect(select(models, 'gpt-oss')).toBe('moonshot/gpt-oss');
  });

  test('an alias wins over both, and may name a model that no pattern matches', () => {
    expect(select(models, 'fast')).toBe('openai/gpt-5-mini');
    expect(select(models, 'gpt-4')).toBe('moonshot/kimi-k2');
    expect(select(models, 'router')).toBe('local/meta/llama-3');
    expect([...models.aliases.keys()], 'of this route').toEqual(['fast', 'router', 'gpt-4']);
  });

  test.each([
    'claude-x',
    'GPT-5',
    'o3x',
    'xo3',
    'llama3x1:8b',
    'elsewhere',
    'text-embedding-3',
    '',
    '__proto__',
    'constructor',
  ])('none serves `%s`', (model) => {
    expect(select(models, model)).toContain(`no upstream of this route serves the model \`${model}\``);
  });

  test('an alias of several targets leads to all of them here, each run by its own preference', () => {
    const several = modelSelector({
      upstreams: new Map([
        ['openai', []],
        ['azure', []],
      ]),
      aliases: new Map([['best', [to('openai/gpt-5'), to('elsewhere/gpt-5'), to('azure/gpt'), to('openai/old', 0)]]]),
    });
    const orders = new Set(
      Array.from({ length: 50 }, (_, run) =>
        several
          .select('best', `run_${run}`)
          .map((choice) => `${choice.upstream}/${choice.model}`)
          .join(' '),
      ),
    );
    expect(orders).toEqual(new Set(['openai/gpt-5 azure/gpt openai/old', 'azure/gpt openai/gpt-5 openai/old']));
    expect(select(several, 'best')).toBe(select(several, 'best'));
  });

  test('a name that several serve is not guessed', () => {
    const open = modelSelector({
      upstreams: new Map([
        ['a', ['*']],
        ['b', ['*']],
      ]),
      aliases: new Map(),
    });
    expect(select(open, 'x')).toMatch(/more than one upstream serves the model `x`.*`\/a`, `\/b`/);
  });

  test('what a list may show is what the upstream serves here', () => {
    expect(models.serves('openai', 'gpt-5')).toBe(true);
    expect(models.serves('openai', 'kimi-k2')).toBe(false);
    expect(models.serves('unknown', 'gpt-5')).toBe(false);
  });

  test('a pattern of one star matches as a reader of patterns would', () => {
    const text = fc.stringMatching(/^[a-z.*+?()[\]\\/-]{0,6}$/).filter((part) => !part.includes('*'));
    fc.assert(
      fc.property(text, text, fc.string({ maxLength: 12 }), (head, tail, name) => {
        const one = modelSelector({ upstreams: new Map([['u', [`${head}*${tail}`]]]), aliases: new Map() });
        const matches = name.length >= head.length + tail.length && name.startsWith(head) && name.endsWith(tail);
        return one.serves('u', name) === matches && one.serves('u', head + name + tail);
      }),
    );
  });

  test('a choice is remembered, and forgotten again before names without end fill the memory', () => {
    const open = modelSelector({ upstreams: new Map([['a', ['*']]]), aliases: new Map() });
    const first = open.select('m0', 'run_1');
    expect(open.select('m0', 'run_1')).toBe(first);
    for (let index = 1; index <= 10_000; index += 1) open.select(`m${index}`, 'run_1');
    expect(open.select('m0', 'run_1')).not.toBe(first);
    expect(open.select('m0', 'run_1')).toEqual(first);
  });
});
