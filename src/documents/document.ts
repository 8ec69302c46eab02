// Reads what a person wrote in YAML or JSON against a schema: everything wrong with it at once, each with its place.
// INVARIANT: no value of a file is repeated in what is said of it; it may be a secret.
// INVARIANT: size and nesting are bounded before a parser sees the text.
import type { z } from 'zod';
import { byPlace, type Checked } from '../core/problem.ts';
import { faultsOf } from './schema-faults.ts';
import { readYaml, type SourceFile, type YamlSource } from './yaml-source.ts';

/** A file that fits its schema. */
export interface Document<T> {
  readonly value: T;
  /** For rules that a schema cannot state: a problem with something in this file. */
  readonly problem: YamlSource['problem'];
}

/** Reads a file; the value is what the schema makes of it, with its defaults. */
export function readDocument<T>(file: SourceFile, schema: z.ZodType<T>): Checked<Document<T>> {
  const source = readYaml(file);
  if (!source.ok) return source;
  const { value, problem } = source.value;
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: { value: parsed.data, problem } };
  return { ok: false, problems: faultsOf(value, schema).map(problem).sort(byPlace) };
}
