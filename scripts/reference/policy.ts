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
    'One file is one policy; a folder of them is one set, and its content hash is the *revision* that every decision names. Nothing is allowed unless a rule allows it; a `deny` outranks every `allow`; a rule whose condition fails counts against the caller. `# yaml-language-server: $schema=./policy.schema.json` on the first line gives completion in an editor.',
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
    '### Functions',
    `Functions: ${codes(FUNCTIONS)}. Methods: ${codes(METHODS)}.`,
    '## Tests',
    'Tests stand beside their policy, in `<policy>.test.yaml`: a list of requests, each with what must be decided and by which rules. `waygate test` runs them.',
    fieldTable(partsOf(testJsonSchema(), '')),
  );
}

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
