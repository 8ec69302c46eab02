import { expect, test } from 'vitest';
import { fill } from '../../src/connect/fill.ts';

const VALUES = { url: 'http://gw', base: 'http://gw/v1', 'token-env': 'T', token: '$T' };

test('names in keys, values, lists and sentences are filled', () => {
  const template = {
    shell: { KEY: '<token>' },
    files: [
      {
        format: 'json',
        places: {},
        settings: { '<token-env>': { on: true, n: 1, list: ['<base>', { u: '<url>' }] } },
        defaults: { d: '<base>/x' },
      },
    ],
    beside: { OTHER: '<token>' },
    notes: ['at <base>'],
  } as const;
  expect(fill(template, VALUES)).toEqual({
    shell: { KEY: '$T' },
    files: [
      {
        format: 'json',
        places: {},
        settings: { T: { on: true, n: 1, list: ['http://gw/v1', { u: 'http://gw' }] } },
        defaults: { d: 'http://gw/v1/x' },
      },
    ],
    beside: { OTHER: '$T' },
    notes: ['at http://gw/v1'],
  });
});

test('what mentions a value that is not given is left out, with what it leaves empty', () => {
  const settings = { model: '<model>', a: { name: '<model>' }, '<model>': 1, list: ['<model>', 'x'], kept: {} };
  const files = [{ format: 'json', places: {}, settings }] as const;
  const filled = fill({ shell: { M: '<model>', B: '<base>' }, files, notes: ['of <model>'] }, VALUES);
  expect(filled).toEqual({
    shell: { B: 'http://gw/v1' },
    files: [{ format: 'json', places: {}, settings: { list: ['x'], kept: {} } }],
    notes: [],
  });
});

test('a value that looks like a template is not filled again', () => {
  expect(fill({ shell: { M: '<model>' } }, { ...VALUES, model: '<token>' })).toEqual({ shell: { M: '<token>' } });
});
