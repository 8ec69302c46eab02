// What a file of policy tests (`*.test.yaml`) may say.
import * as z from 'zod';
import { ACTIONS } from '../../core/access.ts';
import { approvalSchema, text } from '../schema.ts';

const ids = z.array(text);

const principal = z.strictObject({
  agent: z.string().optional(),
  subject: text.optional(),
  tenant: text.optional(),
  issuer: text.optional(),
  scopes: z.array(text).optional(),
  actors: z.array(z.strictObject({ subject: text, issuer: text.optional() })).optional(),
});

const total = z.int().min(0, 'expected at least 0');

const run = z
  .strictObject({
    id: text.optional(),
    parent: text.optional(),
    depth: total.optional(),
    source: z
      .enum(['token', 'claims', 'header', 'hint', 'principal'])
      .optional()
      .describe('Who says that it is one; `hint` unless said.'),
    labels: z.array(text).optional().describe('Labels that its tree carries.'),
    steps: total.optional().describe('Of its whole tree, as all counters.'),
    errors: total.optional(),
    spent: text.optional().describe('What its tree has spent, e.g. `2.50 USD`.'),
    calls: z.record(text, total).optional().describe('By the pattern that a policy counts calls of.'),
    age: text.optional().describe('Since the first call of its tree, e.g. `90s`, `2h`.'),
  })
  .describe('The run that the call belongs to; a new one unless said.');

export const testSchema = z
  .array(
    z.strictObject({
      name: text.describe('What the test guarantees.'),
      request: z.strictObject({
        principal: z
          .union([text, principal], { error: 'expected the name of an agent or a map' })
          .describe('An agent by its name, or the fields of a principal.'),
        action: text.meta({ enum: [...ACTIONS] }),
        resource: text.describe('`kind/upstream/name`'),
        args: z.record(z.string(), z.unknown()).optional(),
        run: run.optional(),
        context: z
          .strictObject({
            route: text.optional(),
            stream: z.boolean().optional(),
            time: z.iso.datetime({ offset: true, error: 'expected a time like 2026-01-31T12:00:00Z' }).optional(),
          })
          .optional(),
      }),
      expect: z.strictObject({
        effect: z.enum(['permit', 'deny', 'hold']),
        rules: ids
          .min(1, 'expected at least one rule')
          .describe('Ids of the deciding rules, `policy/rule`, in any order.'),
        limits: ids.optional().describe('Ids of all limits that a permitted call must stay within, in any order.'),
        labels: ids
          .optional()
          .describe(
            'Labels that the run carries from this call on, `label@node` for one of a node; also of a hold, once approved.',
          ),
        journal: z.boolean().optional().describe('Whether the call is recorded; also of a hold, once approved.'),
        approval: approvalSchema
          .optional()
          .describe(
            'Of a hold: what its approval takes, of all rules that hold together; only what is said is compared.',
          ),
        shadow: z
          .strictObject({ effect: z.enum(['deny', 'hold']), rules: ids.min(1, 'expected at least one rule') })
          .optional()
          .describe('What policies in shadow mode would have refused.'),
      }),
    }),
  )
  .min(1, 'expected at least one test')
  .meta({ title: 'Waygate policy tests' });

export type TestFile = z.infer<typeof testSchema>;
export type TestCase = TestFile[number];

/** JSON Schema (draft 2020-12) of a file of policy tests. */
export function testJsonSchema(): object {
  return z.toJSONSchema(testSchema);
}
