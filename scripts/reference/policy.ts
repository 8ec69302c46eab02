import { readFileSync } from 'node:fs';
import { ACTIONS, RESOURCE_KINDS } from '../../src/core/access.ts';
import { SCOPES } from '../../src/core/quota.ts';
import { KINDS_OF } from '../../src/policy/actions.ts';
import { policyJsonSchema } from '../../src/policy/schema.ts';
import { testJsonSchema } from '../../src/policy/tests/schema.ts';
import { APPLIES_VARIABLES, FUNCTIONS, METHODS, RULE_VARIABLES, TYPES } from '../../src/policy/vocabulary.ts';
import { fieldsOf, partsOf } from './fields.ts';
import { fieldTable, page, table } from './markdown.ts';

/** docs/reference/policy.md */
export function policyPage(): string {
  return page(
    '# Policy language',
    'One file is one policy; a folder of them is one set, and its content hash is the *revision* that every decision names. Nothing is allowed unless a rule allows it; a `deny` outranks a `hold`, a `hold` every `allow`; a rule whose condition fails counts against the caller. `# yaml-language-server: $schema=./policy.schema.json` on the first line gives completion in an editor.',
    exampleOf('research'),
    '## Fields of a policy',
    fieldTable(fieldsOf(policyJsonSchema())),
    '## Actions and resources',
    'A resource is `kind/upstream/name`, split at its first two slashes. In a pattern `*` matches any characters and `{a,b}` either text; case counts. The name of an `http` resource is an operation of its API, `GET /issues/{id}`, or where none are declared the method and the path: there `*` stays within one segment, `**` is any number of them, and `{id}` is the parameter of that name. Of `http.request`, `args` always has `path` and `query` (maps by name), `media` (the type of the body) and `opaque` (whether there is a body that could not be read), and for JSON `body`.',
    table(
      ['action', 'its resource is'],
      ACTIONS.map((action) => [`\`${action}\``, KINDS_OF[action].map((kind) => `\`${kind}/…\``).join(' or ')]),
    ),
    'An object is what lies in an upstream’s account, named by its path: `object/openai/files/file-1/content`; a collection is its bare name, `object/openai/files`. [operations.md](../operations.md) says which request is which action on what.',
    `Kinds: ${codes(RESOURCE_KINDS)}. An action family such as \`model.*\` stands for all of its actions. Scopes of limits: ${codes(SCOPES)}, always within the tenant.`,
    'What a client runs by itself (a shell, files, fetches) never crosses the gateway, but is read out of what it tells its model: `tool.local` on `tool/local/NAME`. No rule is needed for it, as it has run already. A `deny` or `hold` of it stops the run before its model is told more; an `allow` can label the run.',
    ...RUN_PARAGRAPHS,
    '## Conditions',
    'Conditions are CEL, checked for types when the policy is loaded. Whole numbers in arguments are integers. A field that may be missing must be guarded with `has(…)`.',
    '### Variables of `when`',
    variables(RULE_VARIABLES),
    '### Variables of `applies`',
    variables(APPLIES_VARIABLES),
    '### Fields of the types',
    table(
      ['type', 'fields'],
      Object.entries(TYPES).map(([name, fields]) => [`\`${name}\``, fieldList(fields)]),
    ),
    'Of `run`: `parent` is empty for a root, `labels` are those of the tree and of the runs from the root down to this one, `age` is the time since the first call of the tree (compare it with `duration("2h")`). `steps` (admitted calls), `errors`, `spent` (USD) and `calls["kind/upstream/name"]` (admitted calls whose resource matches the pattern; lists and token counts are none) are counted for the whole tree, calls of a pattern from when a policy first reads it. Other calls of the tree count at the same time, so counters may only be compared with literal numbers: the admission then makes sure that the comparison still holds.',
    '### Functions',
    `Functions: ${codes(FUNCTIONS)}. Methods: ${codes(METHODS)}.`,
    '## Tests',
    'Tests stand beside their policy, in `<policy>.test.yaml`: a list of requests, each with what must be decided and by which rules. `waygate test` runs them.',
    fieldTable(partsOf(testJsonSchema(), '')),
  );
}

const RUN_PARAGRAPHS = [
  '## Holds, labels and journals',
  'A `hold` suspends what some rule allows until people have approved it; alone it permits nothing. Where several hold a call, its approval takes all that they ask for together: the most approvers and the longest wait, the shortest times and fewest uses, a role that all of them name. Where they name none in common, the call is denied. What a hold permits is decided anew when its approval is used.',
  'What rules ask for with `then` stands together, of all `allow` rules that match and of the holds that were approved. `label` is set before the call is sent, and for good: every later call of the tree is decided with it. `alert: true` tells people of the call once it was made: the log, and the receiver in `notices` of the configuration. `journal: true` (for `tool.call` and `http.request`) records the call, so that its repeat is answered from the record; `undo` names the tool that takes it back. Its arguments are paths in `args` or `result`, numbers, `true`, `false`, `null`, or texts in single quotes. Where several rules say how, the first by its id counts.',
  '```yaml\n- id: file-issues\n  allow: tool.call\n  on: tool/github/create_issue\n  then:\n    journal: true\n    undo: { tool: github/close_issue, args: { owner: args.owner, id: result.id, reason: "\'not_planned\'" } }\n```',
  '## Limits of runs',
  '`per: run` counts a run with all below it, `run.root` the whole tree, `run.parent` the runs that have a parent in common. Such a budget needs no `every`: it counts as long as its runs are remembered. `reserve` keeps a part of it for a call that its client marks as the last, by the header `Waygate-Final: true`. As clients say by themselves where a run begins, a budget per run is refused without a ceiling beside it that runs do not divide: a budget or rate of the same unit, over the same `on` or without one, in a policy of the same `applies` or without one, not in shadow.',
  'A `max` may say all that a tree may come to: `steps`, `children` and `concurrency` are counted by its `per` (`run.root` unless said), `depth`, `duration` and `repeats` are of the tree. `on` narrows what `steps`, `concurrency` and `repeats` are about.',
];

/** A policy of this repository, without its comments. */
function exampleOf(name: string): string {
  const text = readFileSync(new URL(`../../policies/${name}.yaml`, import.meta.url), 'utf8');
  return `\`\`\`yaml\n${text.replaceAll(/^#.*\n/gm, '').trim()}\n\`\`\``;
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

function variables(fields: Readonly<Record<string, string>>): string {
  return table(
    ['variable', 'type'],
    Object.entries(fields).map(([name, type]) => [`\`${name}\``, `\`${type}\``]),
  );
}

function fieldList(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, type]) => `\`${name}\`: \`${type}\``)
    .join(', ');
}
