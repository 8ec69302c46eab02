import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ACTIONS } from '../../src/core/access.ts';
import { SCOPES } from '../../src/core/quota.ts';
import { policyJsonSchema, policySchema } from '../../src/policy/schema.ts';
import { testJsonSchema } from '../../src/policy/tests/schema.ts';

const published = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../policies/${name}`, import.meta.url), 'utf8'));

describe('the JSON Schemas', () => {
  test('that editors use are those of the sources', () => {
    expect(published('policy.schema.json')).toEqual(policyJsonSchema());
    expect(published('policy-test.schema.json')).toEqual(testJsonSchema());
  });

  test('offer the names of actions and scopes', () => {
    const text = JSON.stringify(policyJsonSchema());
    for (const name of [...ACTIONS, 'model.*', ...SCOPES]) expect(text).toContain(`"${name}"`);
  });

  test('know no field that is not in the language', () => {
    expect(JSON.stringify(policyJsonSchema()).match(/"additionalProperties":false/g)).toHaveLength(7);
  });

  test('demand exactly one effect of a rule and one kind of a limit', () => {
    expect(policyJsonSchema()).toMatchObject({
      anyOf: [{ required: ['rules'] }, { required: ['limits'] }],
      properties: {
        rules: { items: { oneOf: [{ required: ['allow'] }, { required: ['deny'] }, { required: ['hold'] }] } },
        limits: {
          items: {
            oneOf: [
              { required: ['budget'] },
              { required: ['rate'] },
              { required: ['concurrency'] },
              { required: ['max'] },
            ],
          },
        },
      },
    });
  });
});

describe('the schema of a policy', () => {
  test('neither transforms nor fills in what was typed', () => {
    const typed = {
      policy: 'p',
      rules: [{ id: 'r', allow: ['tool.call'], on: 'tool/a/*' }],
      limits: [{ id: 'l', concurrency: 3 }],
    };
    expect(policySchema.parse(typed)).toEqual(typed);
  });
});
