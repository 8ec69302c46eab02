/** As much of JSON Schema (draft 2020-12) as zod writes. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

/** The forms that a value may have: those of a union, else the schema itself. */
export function formsOf(schema: JsonSchema): readonly JsonSchema[] {
  // A policy's `oneOf` says which fields go together, not which forms there are: it has a type beside it.
  return schema.type === undefined ? (schema.anyOf ?? schema.oneOf ?? [schema]) : [schema];
}
