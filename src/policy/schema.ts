import * as z from 'zod';
import { ACTIONS } from '../core/access.ts';
import { SCOPES } from '../core/quota.ts';
import { FAMILIES } from './actions.ts';

// Names (actions, scopes, patterns) are plain texts to zod, so that compiling can say which name was meant; the JSON
// Schema lists them for editors. A schema here neither transforms nor fills in.

/** Of policies, rules, limits and labels. */
export const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
export const NAME_FAULT = 'expected up to 64 lower-case letters, digits, `.`, `_` and `-`';
const name = z.string().regex(NAME, NAME_FAULT).describe('Lower-case letters, digits, `.`, `_` and `-`.');

const TEXT_MAX = 4_096;
export const text = z
  .string()
  .min(1, 'expected a text, found an empty one')
  .max(TEXT_MAX, `expected at most ${TEXT_MAX} characters`);

const condition = text.describe('A condition in CEL.');
const count = z.int().min(1, 'expected at least 1');

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

export const approvalSchema = z
  .strictObject({
    roles: oneOrMore(undefined, 'a role').describe('Roles of which an approver needs one; `approver` unless said.'),
    approvers: count
      .optional()
      .describe('How many different people have to approve, never the requester; 1 unless said.'),
    expires: text.optional().describe('How long people have to decide, e.g. `2h`, `5d`; `24h` unless said.'),
    grant: text.optional().describe('How long an approval serves; `1h` unless said.'),
    uses: count.optional().describe('For how many calls an approval serves; 1 unless said.'),
    wait: text.optional().describe('How long the call waits for it, from `0s` to `5min`; `30s` unless said.'),
    redact: oneOrMore(undefined, 'an argument').describe('Arguments that approvers do not see, e.g. `args.body`.'),
  })
  .describe('What a `hold` asks for before its call may go on.');

const undo = z
  .strictObject({
    tool: text.describe('`upstream/name` of the tool that takes the call back.'),
    args: z
      .record(
        text,
        z.union([text, z.number(), z.boolean(), z.null()], {
          error: 'expected a text, a number, `true`, `false` or `null`',
        }),
      )
      .optional()
      .describe(
        'Its arguments: `args.owner` and `result.id` are read from the call, a text of its own stands in single quotes.',
      ),
  })
  .describe('The call that takes a journaled one back.');

const thenSchema = z
  .strictObject({
    label: oneOrMore(undefined, 'a label').describe('Labels that the run carries from this call on.'),
    scope: z
      .enum(['tree', 'node'])
      .optional()
      .describe('Who carries them: the whole tree unless said; `node` is the run and those below it.'),
    alert: z
      .literal(true, 'expected `true`')
      .optional()
      .describe('People are told of the call: the log, and the receiver in `notices` of the configuration.'),
    journal: z
      .literal(true, 'expected `true`')
      .optional()
      .describe('The call is recorded, so that its repeat never runs twice.'),
    undo: undo.optional(),
  })
  .describe('What the rule does beside, where it lets a call pass.');

export const ruleSchema = z
  .strictObject({
    id: name,
    allow: actions.describe('Actions that the rule allows.'),
    deny: actions.describe('Actions that the rule denies, whatever other rules allow.'),
    hold: actions.describe('Actions that a person has to approve, where some rule allows them.'),
    approval: approvalSchema.optional(),
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
    then: thenSchema.optional(),
  })
  .meta({ oneOf: [{ required: ['allow'] }, { required: ['deny'] }, { required: ['hold'] }] });

const maxSchema = z
  .strictObject({
    depth: z
      .int()
      .min(0, 'expected at least 0')
      .optional()
      .describe('How deep runs may lie below the first; 0 for no sub-agents.'),
    children: count.optional().describe('Runs that may begin below the scope.'),
    steps: count.optional().describe('Admitted calls.'),
    idle: text.optional().describe('How long nothing may happen in a tree before it has ended, e.g. `2h`.'),
    duration: text.optional().describe('How long a tree may go on from its first call, e.g. `5d`.'),
    concurrency: count.optional().describe('Calls under way at the same moment.'),
    repeats: count.optional().describe('How often the same call with the same result may be repeated within a tree.'),
  })
  .describe('What a run may come to; counted for the whole tree unless `per` is `run` or `run.parent`.');

export const limitSchema = z
  .strictObject({
    id: name,
    budget: text
      .optional()
      .describe('`25 USD`, `1000000 tokens`, `500 requests`; needs `every`, unless `per` names runs.'),
    reserve: text
      .optional()
      .describe('`0.10 USD for final`: the part of a budget per run that only its last report may use.'),
    rate: text.optional().describe('`60/min`, `10/s`, `100000 tokens/min`.'),
    concurrency: count.optional().describe('Calls under way at the same moment.'),
    max: maxSchema.optional(),
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
export type ApprovalFile = z.infer<typeof approvalSchema>;
export type ThenFile = z.infer<typeof thenSchema>;
export type MaxFile = z.infer<typeof maxSchema>;
export type LimitFile = z.infer<typeof limitSchema>;
export type PolicyFile = z.infer<typeof policySchema>;

/** JSON Schema (draft 2020-12) of a policy file, for editors. */
export function policyJsonSchema(): object {
  return z.toJSONSchema(policySchema);
}
