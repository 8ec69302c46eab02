import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { detailsOf, readDetails } from '../../src/identity/rights-details.ts';
import { someRights } from '../core/rights.ts';

const good = { type: 'waygate_call', actions: ['tool.call'], resources: ['tool/github/get_*'] };

describe('authorization details', () => {
  test('say rights and are read as the same again', () => {
    const args = {
      owner: [{ one_of: ['acme', 3, true, 0.5] }],
      'repo.name': [{ prefix: '' }, { max: 3 }, { min: -1.5 }],
    };
    const rights = [{ actions: ['tool.call' as const], resources: ['tool/github/*'], args }];
    expect(readDetails(detailsOf(rights))).toEqual({ ok: true, value: rights });
    expect(readDetails([])).toEqual({ ok: true, value: [] });
  });

  test('are read as the same again, or refused', () => {
    fc.assert(
      fc.property(someRights, (rights) => {
        const read = readDetails(JSON.parse(JSON.stringify(detailsOf(rights))));
        if (read.ok) expect(read.value).toEqual(rights);
      }),
    );
  });

  test.each([
    '*',
    't*',
    'tool*',
    'tool/*',
    'tool/git*',
    'tool/github/',
    'agent/waygate/*',
    'http/tickets/POST /issues',
  ])('may be for %s', (resource) => {
    expect(readDetails([{ ...good, resources: [resource] }]).ok).toBe(true);
  });

  const many = Array.from({ length: 65 }, () => good);
  test.each<[string, unknown]>([
    ['no list', good],
    ['too many', many],
    ['something that is no object', ['x']],
    ['null', [null]],
    ['a list in a list', [[good]]],
    ['another type', [{ ...good, type: 'payment' }]],
    ['a field that is not known', [{ ...good, locations: ['https://gw'] }]],
    ['no actions', [{ ...good, actions: [] }]],
    ['actions that are no list', [{ ...good, actions: 'tool.call' }]],
    ['an unknown action', [{ ...good, actions: ['tool.delete'] }]],
    ['an action that rights are not about', [{ ...good, actions: ['tool.local'] }]],
    ['a family of actions', [{ ...good, actions: ['tool.*'] }]],
    ['no resources', [{ ...good, resources: undefined }]],
    ['an empty resource', [{ ...good, resources: [''] }]],
    ['a resource that is no text', [{ ...good, resources: [3] }]],
    ['a resource of an unknown kind', [{ ...good, resources: ['shell/local/rm'] }]],
    ['an open resource of an unknown kind', [{ ...good, resources: ['shell/*'] }]],
    ['the beginning of no kind', [{ ...good, resources: ['x*'] }]],
    ['a resource with a `*` inside', [{ ...good, resources: ['tool/*/get'] }]],
    ['a resource with two', [{ ...good, resources: ['tool/**'] }]],
    ['a resource that is too long', [{ ...good, resources: [`tool/a/${'x'.repeat(510)}`] }]],
    ['a lone surrogate', [{ ...good, resources: ['tool/a/\ud800'] }]],
    ['args that are a list', [{ ...good, args: [] }]],
    ['too many args', [{ ...good, args: Object.fromEntries(many.map((_, index) => [`a${index}`, [{ max: 1 }]])) }]],
    ['an empty path', [{ ...good, args: { '': [{ max: 1 }] } }]],
    ['a path with an empty part', [{ ...good, args: { 'a..b': [{ max: 1 }] } }]],
    ['a constraint outside a list', [{ ...good, args: { a: { max: 1 } } }]],
    ['no constraint', [{ ...good, args: { a: [] } }]],
    ['an empty constraint', [{ ...good, args: { a: [{}] } }]],
    ['two constraints in one object', [{ ...good, args: { a: [{ max: 1, min: 0 }] } }]],
    ['an unknown constraint', [{ ...good, args: { a: [{ range: [1, 2] }] } }]],
    ['a constraint that is no object', [{ ...good, args: { a: ['x'] } }]],
    ['a choice of nothing', [{ ...good, args: { a: [{ one_of: [] }] } }]],
    ['a choice of objects', [{ ...good, args: { a: [{ one_of: [{}] }] } }]],
    ['a choice of a long text', [{ ...good, args: { a: [{ one_of: ['x'.repeat(513)] }] } }]],
    ['a prefix that is no text', [{ ...good, args: { a: [{ prefix: 1 }] } }]],
    ['a prefix that is too long', [{ ...good, args: { a: [{ prefix: 'x'.repeat(513) }] } }]],
    ['a bound that is no number', [{ ...good, args: { a: [{ max: '1' }] } }]],
    ['a bound that is two numbers to two readers', [{ ...good, args: { a: [{ max: 2 ** 53 }] } }]],
    ['a bound without an end', [{ ...good, args: { a: [{ min: Number.NEGATIVE_INFINITY }] } }]],
  ])('are refused for %s', (_, value) => {
    expect(readDetails(value)).toEqual({ ok: false, problem: expect.any(String) });
  });
});
