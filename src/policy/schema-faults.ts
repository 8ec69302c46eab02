import { unknownName } from '../core/nearest.ts';
import type { Fault, Path } from './yaml-source.ts';

/** As much of a zod schema as reading a file with it takes. */
export interface Schema<T> extends SchemaNode {
  safeParse(
    value: unknown,
  ):
    | { readonly success: true; readonly data: T }
    | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };
}

interface SchemaNode {
  readonly def: object;
}

/** What a zod schema says of its parts, whatever kind it is. */
interface Parts {
  readonly shape?: Readonly<Record<string, SchemaNode>>;
  readonly innerType?: SchemaNode;
  readonly element?: SchemaNode;
  readonly valueType?: SchemaNode;
  readonly options?: readonly SchemaNode[];
}

/** What all kinds of issues have, and what some do. */
interface Issue {
  readonly path: Path;
  readonly message: string;
  readonly keys?: readonly string[];
  readonly errors?: readonly (readonly Issue[])[];
  readonly values?: readonly unknown[];
  readonly expected?: string;
}

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: '`true` or `false`',
  int: 'a whole number',
  number: 'a number',
  object: 'a map',
  record: 'a map',
  string: 'a text',
};

/** Everything in which a value differs from its schema, in words for the author of the file. */
export function schemaFaults(value: unknown, schema: Schema<unknown>): Fault[] {
  const parsed = schema.safeParse(value);
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue) => faultsOf(issue, { value, schema }));
}

function faultsOf(issue: Issue, read: { readonly value: unknown; readonly schema: SchemaNode }): Fault[] {
  const { path, keys, values, expected } = issue;
  if (keys) {
    const fields = fieldsAt(read.schema, path);
    return keys.map((key) => ({ path: [...path, key], message: unknownName('field', key, fields), of: 'key' }));
  }
  // The alternative whose kind of value it is, if one is: its issues say more than "neither of them".
  const meant = issue.errors?.find((issues) => issues.every((each) => each.path.length > 0 || each.keys));
  if (meant) return meant.flatMap((each) => faultsOf({ ...each, path: [...path, ...each.path] }, read));
  const found = valueAt(read.value, path);
  if (found === undefined) return [{ path, message: `the field \`${String(path.at(-1))}\` is missing` }];
  if (values) {
    const names = values.map(String);
    const fault = typeof found === 'string' ? unknownName('value', found, names) : undefined;
    return [{ path, message: fault ?? `expected ${codes(names)}, found ${kindOf(found)}` }];
  }
  if (expected) return [{ path, message: `expected ${KINDS[expected] ?? expected}, found ${kindOf(found)}` }];
  return [{ path, message: issue.message }];
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(' or ');
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, step) => (inner as Readonly<Record<PropertyKey, unknown>>)[step], value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : `\`${JSON.stringify(value)}\``;
}

/** The fields that the schema knows at a path. */
function fieldsAt(schema: SchemaNode, path: Path): string[] {
  const { shape, innerType, element, valueType, options } = schema.def as Parts;
  if (innerType) return fieldsAt(innerType, path);
  if (options) return options.flatMap((option) => fieldsAt(option, path));
  const [step, ...rest] = path;
  if (step === undefined) return Object.keys(shape ?? {});
  const next = typeof step === 'number' ? element : (valueType ?? shape?.[String(step)]);
  return next ? fieldsAt(next, rest) : [];
}
