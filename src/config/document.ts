// Reads a file that a person wrote against a schema: everything wrong with it at once, each with its place.
import type { z } from 'zod';
import { byPlace, type Checked } from '../core/problem.ts';
import { faultsOf } from './faults.ts';
import { readYaml, type SourceFile, type YamlSource } from './yaml-source.ts';

/** A file that fits its schema. */
export interface Document<T> {
  readonly value: T;
  /** For rules that a schema cannot state: a problem with something in this file. */
  readonly problem: YamlSource['problem'];
}

/** Reads a YAML or JSON file. Problems name fields and what was expected, and repeat no value of the file. */
export function readDocument<T>(file: SourceFile, schema: z.ZodType<T>): Checked<Document<T>> {
  const source = readYaml(file);
  if (!source.ok) return source;
  const { value, problem } = source.value;
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: { value: parsed.data, problem } };
  return { ok: false, problems: faultsOf(schema, value).map(problem).sort(byPlace) };
}
