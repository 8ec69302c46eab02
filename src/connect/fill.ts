import type { Settings, SettingsFile, Tree, Value, Variables } from './client.ts';

/** What the names in templates stand for. */
export interface Values {
  /** The gateway itself, without a slash at its end. */
  readonly url: string;
  /** The base address of the dialect, as its SDKs take it: with `/v1` for OpenAI's, without for the others. */
  readonly base: string;
  /** Name of the variable that holds the token. */
  readonly 'token-env': string;
  /** What stands for the token in a shell: a reference to the variable, or the token itself. */
  readonly token: string;
  readonly model?: string;
  /** Name of the MCP server, and its address. */
  readonly server?: string;
  readonly endpoint?: string;
}

const NAME = /<(url|base|token-env|token|model|server|endpoint)>/g;

/** The settings with every template filled; what mentions a value that is not given is left out. */
export function fill({ shell, files, beside, notes, ...rest }: Settings, values: Values): Settings {
  return {
    ...rest,
    ...(shell && { shell: fillVariables(shell, values) }),
    ...(files && { files: files.map((file) => fillFile(file, values)) }),
    ...(beside && { beside: fillVariables(beside, values) }),
    ...(notes && { notes: fillNotes(notes, values) }),
  };
}

/** Sentences with their names filled. */
export function fillNotes(notes: readonly string[], values: Values): readonly string[] {
  return notes.map((note) => fillText(note, values)).filter((note) => note !== undefined);
}

function fillFile({ settings, defaults, ...rest }: SettingsFile, values: Values): SettingsFile {
  return { ...rest, settings: fillTree(settings, values), ...(defaults && { defaults: fillTree(defaults, values) }) };
}

function fillVariables(variables: Variables, values: Values): Variables {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, template]) => {
      const text = fillText(template, values);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

function fillTree(tree: Tree, values: Values): Tree {
  return Object.fromEntries(
    Object.entries(tree).flatMap(([template, inner]) => {
      const key = fillText(template, values);
      const value = fillValue(inner, values);
      return key === undefined || value === undefined ? [] : [[key, value]];
    }),
  );
}

function fillValue(value: Value, values: Values): Value | undefined {
  if (typeof value === 'string') return fillText(value, values);
  if (typeof value !== 'object') return value;
  if (isList(value)) return value.map((one) => fillValue(one, values)).filter((one) => one !== undefined);
  const filled = fillTree(value, values);
  const isVoid = Object.keys(filled).length === 0 && Object.keys(value).length > 0;
  return isVoid ? undefined : filled;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function fillText(template: string, values: Values): string | undefined {
  const mentioned = [...template.matchAll(NAME)].map(([, name]) => name as keyof Values);
  if (mentioned.some((name) => values[name] === undefined)) return undefined;
  return template.replace(NAME, (_, name: keyof Values) => values[name] ?? '');
}
