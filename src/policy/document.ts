import { byPlace, type Checked, type Problem } from '../core/problem.ts';
import { type Schema, schemaFaults } from './schema-faults.ts';
import { type Fault, readYaml, type SourceFile } from './yaml-source.ts';

/** A file of the schema's shape. */
export interface Document<T> {
  readonly value: T;
  /** A fault in its place. */
  readonly problem: (fault: Fault) => Problem;
}

/** Reads a YAML file of a shape. Schemas describe what is typed: they neither transform nor fill in. */
export function readDocument<T>(file: SourceFile, schema: Schema<T>): Checked<Document<T>> {
  const read = readYaml(file);
  if (!read.ok) return read;
  const { value, problem } = read.value;
  const problems = schemaFaults(value, schema).map(problem);
  if (problems.length > 0) return { ok: false, problems: problems.sort(byPlace) };
  return { ok: true, value: { value: value as T, problem } };
}
