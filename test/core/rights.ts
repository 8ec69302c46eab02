// Random rights and calls that meet often enough to tell a wrong algebra.
import * as fc from 'fast-check';
import type { Action, Resource } from '../../src/core/access.ts';
import type { ArgumentConstraint, Right } from '../../src/core/rights.ts';

export const actions = fc.constantFrom<Action>('tool.call', 'tool.list', 'model.generate', 'model.count', 'run.spawn');
const texts = fc.constantFrom('', 'a', 'ab', 'abc', 'b');
const numbers = fc.integer({ min: -3, max: 3 });
const scalars = fc.oneof(texts, numbers, fc.boolean());
const names = fc.constantFrom('get', 'get_a', 'get_ab', 'put', '');
const kinds = fc.constantFrom<Resource['kind']>('tool', 'model', 'agent');
const upstreams = fc.constantFrom('git', 'github');
const paths = fc.constantFrom('owner', 'repo.name', 'size');

export const constraints: fc.Arbitrary<ArgumentConstraint> = fc.oneof(
  fc.array(scalars, { maxLength: 3 }).map((one_of) => ({ one_of })),
  texts.map((prefix) => ({ prefix })),
  numbers.map((max) => ({ max })),
  numbers.map((min) => ({ min })),
);

const patterns = fc
  .tuple(kinds, upstreams, names, fc.nat({ max: 12 }), fc.boolean())
  .map(([kind, upstream, name, cut, isOpen]) => {
    const whole = `${kind}/${upstream}/${name}`;
    return isOpen ? `${whole.slice(0, cut)}*` : whole;
  });

const constrained = fc.dictionary(paths, fc.array(constraints, { maxLength: 2 }), { maxKeys: 1 });
export const someRights: fc.Arbitrary<readonly Right[]> = fc.array(
  fc.record({
    actions: fc.array(actions, { minLength: 1, maxLength: 3 }),
    resources: fc.array(patterns, { minLength: 1, maxLength: 2 }),
    args: constrained,
  }),
  { minLength: 1, maxLength: 3 },
);

/** Rights that are often within the given ones: each narrowed at random, or widened. */
export function narrowed(rights: readonly Right[]): fc.Arbitrary<readonly Right[]> {
  if (rights.length === 0) return someRights;
  const one = fc.constantFrom(...rights).chain((right) =>
    fc.record({
      actions: fc.subarray([...right.actions], { minLength: 1 }),
      resources: fc
        .subarray([...right.resources], { minLength: 1 })
        .chain((kept) =>
          fc.tuple(...kept.map((at) => names.map((name) => (at.endsWith('*') ? at.slice(0, -1) + name : at)))),
        )
        .map((all) => all as readonly string[]),
      args: fc
        .tuple(constrained, fc.nat({ max: 3 }))
        .map(([more, keeps]) => (keeps > 0 ? { ...more, ...right.args } : more)),
    }),
  );
  return fc.array(one, { minLength: 1, maxLength: 2 });
}

export const calls = fc.record({
  action: actions,
  resource: fc.record({ kind: kinds, upstream: upstreams, name: names }),
  args: fc.record(
    { owner: scalars, repo: fc.oneof(texts, fc.record({ name: scalars })), size: scalars },
    { requiredKeys: [] },
  ),
});

/** Calls that the rights often cover. */
export function callsNear(rights: readonly Right[]): typeof calls {
  const all = rights.flatMap((right) =>
    right.actions.flatMap((action) => right.resources.map((pattern) => ({ action, pattern, args: right.args }))),
  );
  if (all.length === 0) return calls;
  const near = fc.tuple(fc.constantFrom(...all), calls, names).map(([{ action, pattern, args }, call, name]) => {
    const [kind, upstream, rest = ''] = pattern.replace('*', '').split('/');
    const isWhole = pattern.split('/').length > 2;
    const resource = isWhole
      ? {
          kind: kind as Resource['kind'],
          upstream: upstream as 'git',
          name: pattern.endsWith('*') ? rest + name : rest,
        }
      : call.resource;
    return { action, resource, args: { ...call.args, ...meant(args) } } as typeof call;
  });
  return fc.oneof({ weight: 4, arbitrary: near }, { weight: 1, arbitrary: calls });
}

/** Arguments that satisfy the first constraint of each path. */
function meant(args: Right['args']): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [path, [constraint]] of Object.entries(args)) {
    const value = constraint && Object.values(constraint).flat()[0];
    if (value === undefined) continue;
    if (path === 'repo.name') values['repo'] = { name: value };
    else values[path] = value;
  }
  return values;
}
