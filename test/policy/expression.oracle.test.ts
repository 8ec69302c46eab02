// Our conditions against another implementation of CEL, on random conditions of the kind that policies have.
import { run } from '@bufbuild/cel';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/policy/outcome.ts';
import { condition, bind } from './expressions.ts';
import { principal, request } from './fixtures.ts';

const FIELDS = ['a', 'b', 'c'] as const;

const literal = fc.constantFrom('0', '1', '-2', '5', '1.5', '2.0', '""', '"a"', '"ab"', 'true', 'null');
const text = fc.constantFrom('"a"', '"ab"', '"b"', '""');
const field = fc.constantFrom(...FIELDS);
const ordered = fc.constantFrom('0', '1', '-2', '5', '1.5', '2.0', '"a"', '"ab"');
const comparison = fc.oneof(
  fc.tuple(fc.constantFrom('==', '!='), literal),
  fc.tuple(fc.constantFrom('<', '<=', '>', '>='), ordered),
);
const method = fc.constantFrom('startsWith', 'endsWith', 'contains');
const loop = fc.constantFrom('all', 'exists', 'exists_one');
const pattern = fc.constantFrom('"^a"', '"b$"', '"a+b?"', '"(a|b)*"', '"."');

/** A test of one field, guarded as every condition must be. */
const leaf = field.chain((name) =>
  fc
    .oneof(
      comparison.map(([op, value]) => `args.${name} ${op} ${value}`),
      fc.tuple(method, text).map(([call, value]) => `args.${name}.${call}(${value})`),
      pattern.map((value) => `args.${name}.matches(${value})`),
      fc.array(text, { minLength: 1, maxLength: 3 }).map((list) => `args.${name} in [${list.join(', ')}]`),
      text.map((value) => `${value} in args.${name}`),
      fc.constantFrom('==', '<', '>=').map((op) => `size(args.${name}) ${op} 1`),
      fc.tuple(loop, comparison).map(([call, [op, value]]) => `args.${name}.${call}(x, x ${op} ${value})`),
      comparison.map(([op, value]) => `args.${name}.filter(x, x ${op} ${value}).size() > 0`),
      literal.map((value) => `args.${name}.map(x, x == ${value}).exists(y, y)`),
      // Integers alone: that a whole number and a fraction can be added is ours, not CEL's.
      fc.constantFrom('+', '-', '*', '%', '/').map((op) => `type(args.${name}) == int && args.${name} ${op} 2 == 3`),
      fc.constant(`has(args.${name}.k) && args.${name}.k == 1`),
      fc.constant(`args.${name}[0] == 1`),
      fc.constant(`args.${name}`),
    )
    .map((asked) => `(has(args.${name}) && (${asked}))`),
);

const plain = fc.constantFrom(
  'agent == "researcher"',
  'subject != "ana"',
  '"tools" in principal.scopes',
  'principal.scopes.exists(s, s.startsWith("x"))',
  'resource.name.endsWith("_file")',
  'run.depth < 3',
  'context.stream',
  '"a" in args',
  'has(args.b)',
  'true',
  'false',
);

const { expression } = fc.letrec<{ expression: string; inner: string }>((tie) => ({
  inner: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, plain, tie('expression')),
  expression: fc.oneof(
    leaf,
    fc
      .tuple(tie('inner'), fc.constantFrom('&&', '||'), tie('inner'))
      .map(([left, op, right]) => `(${left} ${op} ${right})`),
    tie('inner').map((inner) => `!(${inner})`),
    fc.tuple(tie('inner'), tie('inner'), tie('inner')).map(([asked, yes, no]) => `(${asked} ? ${yes} : ${no})`),
  ),
}));

const scalar = fc.constantFrom(0, 1, -2, 5, 1.5, 2, 3, '', 'a', 'ab', 'b', true, false, null);
// A field that is null is there by the specification of CEL, but not for the other implementation's `has`.
const value = fc.oneof(
  scalar.filter((each) => each !== null),
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(
    fc.constantFrom('k', 'a', 'constructor'),
    scalar.filter((each) => each !== null),
    { maxKeys: 2 },
  ),
);
const args = fc.dictionary(field, value);

/** A value as the other implementation takes it. */
function foreign(given: unknown): unknown {
  if (typeof given === 'number') return Number.isInteger(given) ? BigInt(given) : given;
  if (Array.isArray(given)) return given.map(foreign);
  if (typeof given !== 'object' || given === null) return given;
  return new Map(Object.entries(given).map(([key, inner]) => [key, foreign(inner)]));
}

function oracle(source: string, given: object): boolean | 'failed' {
  try {
    const bindings = {
      agent: 'researcher',
      subject: 'ana',
      principal: foreign({ scopes: ['tools'] }),
      resource: foreign({ name: 'get_file' }),
      run: foreign({ depth: 0 }),
      context: foreign({ stream: false }),
      args: foreign(given),
    };
    const result: unknown = run(source, bindings as Parameters<typeof run>[1]);
    return typeof result === 'boolean' ? result : 'failed';
  } catch {
    return 'failed';
  }
}

const ours = (outcome: Outcome): boolean | 'failed' => (typeof outcome === 'boolean' ? outcome : 'failed');

test('a condition gives what another implementation of CEL gives', () => {
  const seen = { true: 0, false: 0, failed: 0 };
  fc.assert(
    fc.property(expression, args, (source, given) => {
      const outcome = ours(bind(request({ principal: principal(), args: given })).evaluate(condition(source)));
      seen[`${outcome}`]++;
      expect(outcome).toBe(oracle(source, given));
    }),
    { numRuns: 800 },
  );
  // The conditions are of use only if they give all three.
  expect(Math.min(seen.true, seen.false, seen.failed)).toBeGreaterThan(20);
});
