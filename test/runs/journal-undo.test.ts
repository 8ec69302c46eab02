import { describe, expect, test } from 'vitest';
import type { Compensation } from '../../src/core/decision.ts';
import { prepareUndo, undoFromResult } from '../../src/runs/journal-undo.ts';

const undo = (args: Compensation['args']): Compensation => ({ tool: 'x/undo', args });
const path = (text: string) => ({ path: text.split('.') });

describe('what undoing takes from a call', () => {
  test('is what its arguments said, at any depth, and literals', () => {
    const prepared = prepareUndo(
      undo({
        a: path('args.repo.owner'),
        all: path('args'),
        b: { literal: null },
        c: path('result.id'),
        d: path('result'),
      }),
      { repo: { owner: 'ann' }, ids: [1, 2.5] },
    );
    expect(prepared).toEqual({
      tool: 'x/undo',
      args: { a: 'ann', all: { repo: { owner: 'ann' }, ids: [1, 2.5] }, b: null },
      fromResult: { c: ['id'], d: [] },
      fault: undefined,
    });
    expect(undoFromResult(prepared, { id: 7 })).toEqual({ args: { c: 7, d: { id: 7 } }, fault: undefined });
  });

  test.each([
    [{}, 'args.owner'],
    [{ owner: undefined }, 'args.owner'],
    [{ owner: 'x' }, 'args.owner.length'],
    [{}, 'args.constructor'],
    [{}, 'args.__proto__'],
  ])('is nothing where %j has no %s', (args, text) => {
    const prepared = prepareUndo(undo({ a: path(text) }), args);
    expect(prepared).toEqual({ tool: 'x/undo', args: {}, fromResult: {}, fault: `\`${text}\` is not there` });
  });

  test('is nothing where the result lacks a field, or there is none', () => {
    const prepared = prepareUndo(undo({ id: path('result.ticket.id') }), {});
    for (const result of [undefined, null, 'x', {}, { ticket: {} }]) {
      expect(undoFromResult(prepared, result)).toEqual({ args: {}, fault: '`result.ticket.id` is not there' });
    }
  });

  test('is nothing where a number would be rounded', () => {
    const prepared = prepareUndo(undo({ id: path('result.id') }), {});
    const result: unknown = JSON.parse('{"id":9007199254740993}');
    expect(undoFromResult(prepared, result).fault).toBe('`result.id` has a number too large to be repeated exactly');
    expect(prepareUndo(undo({ a: path('args.a') }), { a: [{ b: 2 ** 60 }] }).fault).toContain(
      'too large to be repeated',
    );
  });

  test('is nothing where it is too much to keep', () => {
    expect(prepareUndo(undo({ a: path('args.a') }), { a: 'x'.repeat(20_000) }).fault).toContain('too large to be kept');
    const prepared = prepareUndo(undo({ a: path('result.a') }), {});
    expect(undoFromResult(prepared, { a: 'x'.repeat(20_000) }).fault).toContain('too large to be kept');
  });

  test('is nothing at all where nothing undoes the call', () => {
    expect(undoFromResult(undefined, { id: 1 })).toEqual({ args: {}, fault: undefined });
  });
});
