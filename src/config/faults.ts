// What a schema finds wrong, in our own words: what was expected, never what stood there, which may be a secret.
import { z } from 'zod';
import { nearest, unknownName } from '../core/nearest.ts';
import type { Fault, Path } from './yaml-source.ts';

type Found = z.core.$ZodIssue;

/** Everything that a schema finds wrong with a value; empty where nothing is. */
export function faultsOf(schema: z.ZodType, value: unknown): readonly Fault[] {
  const { error } = schema.safeParse(value, { error: phrase });
  const faults = error ? error.issues.flatMap((issue) => readFaults(issue, schema)) : [];
  return faults.map((fault) =>
    isMissing(value, fault.path)
      ? { ...fault, message: `\`${String(fault.path.at(-1))}\` is missing: ${fault.message}` }
      : fault,
  );
}

function isMissing(value: unknown, path: Path): boolean {
  let inner = value;
  for (const step of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, step)) return true;
    inner = (inner as Record<PropertyKey, unknown>)[step];
  }
  return false;
}

function readFaults(issue: Found, schema: z.ZodType): readonly Fault[] {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path);
    return issue.keys.map((key) => {
      // A field of another form of the same thing is known, but not here.
      const others = known.filter((name) => name !== key);
      return { path: [...path, key], message: unknownName('field', key, others), of: 'key' };
    });
  }
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => ({ path, message: inner.message, of: 'key' }));
  if (issue.code !== 'invalid_union') return [{ path, message }];
  return bestBranch(issue).flatMap((inner) => readFaults({ ...inner, path: [...path, ...inner.path] }, schema));
}

/** Of several forms that a value could have: what is wrong with the one that it comes nearest to. */
function bestBranch(issue: z.core.$ZodIssueInvalidUnion): readonly Found[] {
  const isOtherForm = (branch: readonly Found[]): boolean =>
    branch.some(({ code, path }) => code === 'invalid_type' && path.length === 0);
  const near = issue.errors.filter((branch) => !isOtherForm(branch)).sort((one, other) => one.length - other.length)[0];
  if (near) return near;
  const forms = issue.errors
    .flat()
    .flatMap((inner) => (inner.code === 'invalid_type' ? [FORMS[inner.expected] ?? inner.expected] : []));
  return [{ code: 'custom', path: [], message: forms.length > 0 ? `expected ${forms.join(' or ')}` : issue.message }];
}

const FORMS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: '`true` or `false`',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** zod's error map: what a schema that says nothing itself has to say. */
function phrase(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${FORMS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return oneOf(issue.values, issue.input);
    case 'invalid_union':
      return Array.isArray(issue['options']) ? oneOf(issue['options'], undefined) : undefined;
    case 'too_small':
      return `expected at least ${amount(issue.minimum, issue.origin)}`;
    case 'too_big':
      return `expected at most ${amount(issue.maximum, issue.origin)}`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'url'
        ? 'expected an address like `https://host/path`'
        : `expected a text of the form ${issue.format}`;
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return undefined;
    default:
      issue satisfies never;
      return undefined;
  }
}

function oneOf(values: readonly unknown[], input: unknown): string {
  const names = values.map(String);
  const expected = `expected ${names.map((name) => `\`${name}\``).join(' or ')}`;
  const meant = typeof input === 'string' ? nearest(input, names) : undefined;
  return meant === undefined ? expected : `${expected}; did you mean \`${meant}\`?`;
}

const COUNTED: Readonly<Record<string, string>> = {
  string: 'characters',
  array: 'entries',
  record: 'entries',
  map: 'entries',
};

function amount(limit: number | bigint, origin: string): string {
  const unit = COUNTED[origin];
  return unit === undefined ? String(limit) : `${limit} ${limit === 1 && unit === 'entries' ? 'entry' : unit}`;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

/** The names that a schema knows at a path. */
function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return [
    ...new Set(
      path.reduce<JsonSchema[]>(stepInto, formsOf(described)).flatMap(({ properties = {} }) => Object.keys(properties)),
    ),
  ];
}

function stepInto(schemas: readonly JsonSchema[], step: PropertyKey): JsonSchema[] {
  return schemas.flatMap(({ properties, additionalProperties, items }) => {
    const inner = typeof step === 'number' ? items : (properties?.[String(step)] ?? additionalProperties);
    return typeof inner === 'object' ? formsOf(inner) : [];
  });
}

function formsOf(schema: JsonSchema): JsonSchema[] {
  const { anyOf = [], oneOf: discriminated = [], allOf = [] } = schema;
  return [schema, ...[...anyOf, ...discriminated, ...allOf].flatMap(formsOf)];
}
