import { formsOf, type JsonSchema } from './json-schema.ts';

/** One line of a table of fields. */
export interface Field {
  /** `upstreams.<name>.timeouts.idleMs`, `rules[].when` */
  readonly path: string;
  readonly type: string;
  /** Markdown; `required`, or empty where the field may simply be absent. */
  readonly fallback: string;
  readonly meaning: string;
}

/** Every field that a schema knows, in the schema's order, a container before its parts. */
export function fieldsOf(schema: JsonSchema, path = ''): readonly Field[] {
  const required = schema.required ?? [];
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const at = path === '' ? name : `${path}.${name}`;
    return [fieldOf(inner, { path: at, isRequired: required.includes(name) }), ...partsOf(inner, at)];
  });
}

/** The fields inside a value: of an object, of the entries of a list or of a map, in any of its forms. */
export function partsOf(schema: JsonSchema, path: string): readonly Field[] {
  const found = formsOf(schema).flatMap((form) => {
    if (form.properties) return fieldsOf(form, path);
    if (form.items) return partsOf(form.items, `${path}[]`);
    return typeof form.additionalProperties === 'object' ? entriesOf(form.additionalProperties, `${path}.<name>`) : [];
  });
  return [...Map.groupBy(found, (field) => field.path).values()].map(merged);
}

/** A field that several forms of a value have, such as the `kind` that tells them apart. */
function merged(fields: readonly Field[]): Field {
  const [first, ...others] = fields as readonly [Field, ...Field[]];
  return others.reduce(
    (all, field) => ({
      ...all,
      type: all.type === field.type ? all.type : `${all.type} or ${field.type}`,
      fallback: all.fallback === field.fallback ? all.fallback : '',
      meaning: all.meaning === '' ? field.meaning : all.meaning,
    }),
    first,
  );
}

function entriesOf(schema: JsonSchema, path: string): readonly Field[] {
  const parts = partsOf(schema, path);
  // Nothing is known of the entry itself: its parts say everything, if there is anything to say.
  const isPlain = parts.length > 0 || Object.keys(schema).length === 0;
  if (isPlain && schema.description === undefined) return parts;
  return [fieldOf(schema, { path, isRequired: false }), ...parts];
}

function fieldOf(
  schema: JsonSchema,
  { path, isRequired }: { readonly path: string; readonly isRequired: boolean },
): Field {
  return { path, type: typeOf(schema), fallback: fallbackOf(schema, isRequired), meaning: schema.description ?? '' };
}

function fallbackOf(schema: JsonSchema, isRequired: boolean): string {
  if (isRequired) return 'required';
  const { default: value } = schema;
  if (value === undefined || (isEmpty(value) && schema.properties)) return '';
  return `\`${JSON.stringify(value)}\``;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

const NAMES_MAX = 10;

function typeOf(schema: JsonSchema): string {
  const forms = formsOf(schema);
  const types = [...new Set(forms.map(plainType))];
  const [single, list] = types;
  if (types.length === 2 && list === `list of ${single}`) return `${single}, or a list`;
  return types.join(' or ');
}

function plainType(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const).replaceAll('"', '')}\``;
  if (schema.enum) return namesOf(schema.enum);
  switch (schema.type ?? '') {
    case 'string':
      return schema.format === 'uri' ? 'address' : schema.format === 'date-time' ? 'time' : 'text';
    case 'integer':
      return `whole number${rangeOf(schema)}`;
    case 'number':
      return `number${rangeOf(schema)}`;
    case 'boolean':
      return '`true` or `false`';
    case 'array':
      return schema.items && Object.keys(schema.items).length > 0 ? `list of ${typeOf(schema.items)}` : 'list';
    case 'object':
      return typeof schema.additionalProperties === 'object' ? 'map by name' : 'map';
    default:
      return 'anything';
  }
}

function namesOf(values: readonly unknown[]): string {
  const names = values.map((value) => `\`${String(value)}\``);
  if (names.length <= NAMES_MAX) return names.join(', ');
  return `${names.slice(0, 2).join(', ')}, … (${names.length} names)`;
}

function rangeOf({ minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  const least = minimum ?? exclusiveMinimum;
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (least === undefined || least === Number.MIN_SAFE_INTEGER)
    return most === undefined ? '' : `, up to ${spaced(most)}`;
  if (most === undefined)
    return exclusiveMinimum === undefined ? `, ${spaced(least)} or more` : `, above ${spaced(least)}`;
  return `, ${spaced(least)} to ${spaced(most)}`;
}

/** `86 400 000`: digits in groups, as a reader counts them. */
function spaced(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}
