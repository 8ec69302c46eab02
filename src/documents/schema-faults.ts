// What a schema finds wrong, in words for the author of the file.
import type { z } from 'zod';
import { unknownName } from '../core/nearest.ts';
import type { Fault, Path, Spot } from './faults.ts';
import { phrase } from './phrases.ts';

type Issue = z.core.$ZodIssue;

/** Everything in which a value differs from its schema; empty where nothing does. */
export function faultsOf(value: unknown, schema: z.ZodType): Fault[] {
  const { error } = schema.safeParse(value, { error: phrase });
  const faults = error ? error.issues.flatMap((issue) => readIssue(issue, schema)) : [];
  return faults.map((fault) =>
    isMissing(value, fault.path)
      ? { ...fault, message: `\`${String(fault.path.at(-1))}\` is missing: ${fault.message}` }
      : fault,
  );
}

/** An item that fits its schema, whatever is wrong elsewhere in its file. */
export interface Sound<T> {
  readonly item: T;
  readonly spot: Spot;
}

/** The items of a list that fit their schema, so that one fault does not hide those behind it. */
export function soundItems<T>(
  items: unknown,
  { schema, spot }: { readonly schema: z.ZodType<T>; readonly spot: Spot },
): Sound<T>[] {
  return (Array.isArray(items) ? items : []).flatMap((item: unknown, index) => {
    const parsed = schema.safeParse(item);
    return parsed.success ? [{ item: parsed.data, spot: spot.at(index) }] : [];
  });
}

function readIssue(issue: Issue, schema: z.ZodType): Fault[] {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    const known = fieldsAt(schema, path);
    return issue.keys.map((key) => {
      // A field of another form of the same thing is known, but not here.
      const others = known.filter((name) => name !== key);
      return { path: [...path, key], message: unknownName('field', key, others), of: 'key' };
    });
  }
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => ({ path, message: inner.message, of: 'key' }));
  const meant = issue.code === 'invalid_union' ? nearestForm(issue.errors) : undefined;
  if (!meant) return [{ path, message }];
  return meant.flatMap((inner) => readIssue({ ...inner, path: [...path, ...inner.path] }, schema));
}

/** What is wrong with the one form that a value comes nearest to: it says more than "neither of them". */
function nearestForm(forms: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const isOther = (issues: readonly Issue[]): boolean =>
    issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0);
  return forms.filter((issues) => !isOther(issues)).sort((one, other) => one.length - other.length)[0];
}

function isMissing(value: unknown, path: Path): boolean {
  let inner = value;
  for (const step of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, step)) return true;
    inner = (inner as Record<PropertyKey, unknown>)[step];
  }
  return false;
}

interface SchemaNode {
  readonly def: object;
}

/** What a zod schema says of its parts, whatever kind it is. */
interface Parts {
  readonly shape?: Readonly<Record<string, SchemaNode>>;
  readonly innerType?: SchemaNode;
  readonly in?: SchemaNode;
  readonly element?: SchemaNode;
  readonly valueType?: SchemaNode;
  readonly options?: readonly SchemaNode[];
}

/** The fields that the schema knows at a path. */
function fieldsAt(schema: SchemaNode, path: Path): string[] {
  const { shape, innerType, in: before, element, valueType, options } = schema.def as Parts;
  const inner = innerType ?? before;
  if (inner) return fieldsAt(inner, path);
  if (options) return [...new Set(options.flatMap((option) => fieldsAt(option, path)))];
  const [step, ...rest] = path;
  if (step === undefined) return Object.keys(shape ?? {});
  const next = typeof step === 'number' ? element : (valueType ?? shape?.[String(step)]);
  return next ? fieldsAt(next, rest) : [];
}
