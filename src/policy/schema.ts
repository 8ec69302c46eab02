import * as z from 'zod';
import { ACTIONS } from '../core/access.ts';
import { SCOPES } from '../core/quota.ts';
import { FAMILIES } from './actions.ts';

// Names (actions, scopes, patterns) are plain texts to zod, so that compiling can say which name was meant; the JSON
// Schema lists them for editors. A schema here neither transforms nor fills in.

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const name = z
  .string()
  .regex(NAME, 'expected up to 64 lower-case letters, digits, `.`, `_` and `-`')
  .describe('Lower-case letters, digits, `.`, `_` and `-`.');

const TEXT_MAX = 4_096;
const text = z
  .string()
  .min(1, 'expected a text, found an empty one')
  .max(TEXT_MAX, `expected at most ${TEXT_MAX} characters`);

const condition = text.describe('A condition in CEL.');
const later = z.unknown().describe('Comes with run governance; refused by this version.');

/** One text or a list of them, out of a list of names that editors offer. */
function oneOrMore(names: readonly string[] | undefined, what: string) {
  const one = names ? text.meta({ enum: [...names] }) : text;
  return z
    .union([one, z.array(one).min(1, 'expected at least one')], { error: `expected ${what} or a list of them` })
    .optional();
}

const actions = oneOrMore([...ACTIONS, ...FAMILIES], 'an action');
const patterns = oneOrMore(undefined, 'a resource pattern').describe(
  '`kind/upstream/name`; `*` and `{a,b}` are patterns.',
);

export const ruleSchema = z
  .strictObject({
    id: name,
    allow: actions.describe('Actions that the rule allows.'),
    deny: actions.describe('Actions that the rule denies, whatever other rules allow.'),
    hold: actions.describe('Comes with run governance; refused by this version.'),
    on: patterns,
    when: condition.optional(),
    because: z
      .string()
      .min(1, 'expected a text, found an empty one')
      .max(300, 'expected at most 300 characters')
      .regex(/^\P{Cc}*$/u, 'expected one line')
      .optional()
      .describe('Told to the caller with a refusal. Lower case, no full stop.'),
    // oxlint-disable-next-line unicorn/no-thenable -- the language's own word
    then: later.optional(),
  })
  .meta({ oneOf: [{ required: ['allow'] }, { required: ['deny'] }, { required: ['hold'] }] });

export const limitSchema = z
  .strictObject({
    id: name,
    budget: text.optional().describe('`25 USD`, `1000000 tokens`, `500 requests`; needs `every`.'),
    rate: text.optional().describe('`60/min`, `10/s`, `100000 tokens/min`.'),
    concurrency: z.int().min(1, 'expected at least 1').optional().describe('Calls under way at the same moment.'),
    max: later.optional(),
    every: text.optional().describe('`hour`, `day`, `week`, `month`, `year`, or a rolling window: `90s`, `1h`, `5d`.'),
    wait: text
      .optional()
      .describe(
        'How long a call waits for room, from `0s` (refused at once) to `5min`; as `limits.waitMs` of the config unless said.',
      ),
    tz: text.optional().describe('IANA time zone of a calendar window; UTC unless said.'),
    per: oneOrMore(SCOPES, 'a scope').describe(
      'What is counted on its own, always within the tenant; the tenant unless said.',
    ),
    on: oneOrMore(undefined, 'an action or a resource pattern').describe('What counts; everything unless said.'),
  })
  .meta({
    oneOf: [{ required: ['budget'] }, { required: ['rate'] }, { required: ['concurrency'] }, { required: ['max'] }],
  });

export const policySchema = z
  .strictObject({
    policy: name.describe('Name of the policy; rules and limits are reported as `policy/id`.'),
    mode: z
      .enum(['enforce', 'shadow'])
      .optional()
      .describe('`shadow` decides and records, never blocks and never allows.'),
    applies: condition
      .optional()
      .describe('A condition in CEL on `agent`, `subject`, `tenant`, `issuer`, `scopes`, `actors`.'),
    rules: z.array(ruleSchema).min(1, 'expected at least one rule').optional(),
    limits: z.array(limitSchema).min(1, 'expected at least one limit').optional(),
  })
  .meta({ title: 'Waygate policy', anyOf: [{ required: ['rules'] }, { required: ['limits'] }] });

export type RuleFile = z.infer<typeof ruleSchema>;
export type LimitFile = z.infer<typeof limitSchema>;
export type PolicyFile = z.infer<typeof policySchema>;

const ids = z.array(text);

const principal = z.strictObject({
  agent: z.string().optional(),
  subject: text.optional(),
  tenant: text.optional(),
  issuer: text.optional(),
  scopes: z.array(text).optional(),
  actors: z.array(z.strictObject({ subject: text, issuer: text.optional() })).optional(),
});

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
        run: z
          .strictObject({ id: text.optional(), depth: z.int().min(0, 'expected at least 0').optional() })
          .optional(),
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

/** JSON Schema (draft 2020-12) of a policy file, for editors. */
export function policyJsonSchema(): object {
  return z.toJSONSchema(policySchema);
}

/** JSON Schema (draft 2020-12) of a file of policy tests. */
export function testJsonSchema(): object {
  return z.toJSONSchema(testSchema);
}
