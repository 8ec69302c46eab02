import { describe, expect, test } from 'vitest';
import { ACTIONS, RESOURCE_KINDS } from '../../src/core/access.ts';
import { actionsOf, FAMILIES, KINDS_OF } from '../../src/policy/actions.ts';

describe('actions', () => {
  test('an action stands for itself', () => {
    for (const action of ACTIONS) expect(actionsOf(action)).toEqual([action]);
  });

  test('a family stands for all actions that begin so', () => {
    expect(actionsOf('object.*')).toEqual(['object.read', 'object.write']);
    expect(actionsOf('prompt.*')).toEqual(['prompt.get']);
    expect(FAMILIES.flatMap(actionsOf).toSorted()).toEqual([...ACTIONS].toSorted());
  });

  test.each(['', '*', 'model', 'model.', '*.list', 'tool.c*', 'Model.*'])('`%s` stands for nothing', (name) => {
    expect(actionsOf(name)).toEqual([]);
  });

  test('every kind of resource has an action, and every action a kind', () => {
    expect(new Set(Object.values(KINDS_OF).flat())).toEqual(new Set(RESOURCE_KINDS));
    for (const action of ACTIONS) expect(KINDS_OF[action].length).toBeGreaterThan(0);
  });
});
