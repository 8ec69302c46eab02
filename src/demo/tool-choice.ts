/** A tool that the caller offers, with the JSON Schema of its arguments. */
export interface Tool {
  readonly name: string;
  readonly schema: Readonly<Record<string, unknown>> | null | undefined;
}

/** Characters of a name: before or after them a name is not a word of its own. */
const IN_NAME = /[A-Za-z0-9_-]/;

/** Where a text names a tool, and where the name ends there. */
export interface Mention {
  readonly at: number;
  readonly end: number;
}

/**
 * Finds a tool's name in a text, as a word of its own.
 * Clients put servers before names (`mcp__notes__add`): the last part alone will do.
 */
export function findMention(name: string, text: string): Mention | undefined {
  return findWord(name, text) ?? findWord(name.slice(name.lastIndexOf('__') + 2), text);
}

function findWord(word: string, text: string): Mention | undefined {
  if (word === '') return undefined;
  let at = text.indexOf(word);
  while (at >= 0) {
    const end = at + word.length;
    if (!IN_NAME.test(text.charAt(at - 1)) && !IN_NAME.test(text.charAt(end))) return { at, end };
    at = text.indexOf(word, end);
  }
  return undefined;
}

/** The arguments of a call as JSON: an object written in the text, else the schema's required fields filled from the text. */
export function argumentsFor(tool: Tool, text: string): string {
  const given = objectIn(text);
  if (given !== undefined) return given;
  const { properties, required } = tool.schema ?? {};
  if (!isRecord(properties) || !Array.isArray(required)) return '{}';
  const words = text.slice(findMention(tool.name, text)?.end ?? 0).trim();
  const numbers = words.match(/-?\d+(?:\.\d+)?/g) ?? [];
  const names = required.filter((name) => typeof name === 'string');
  return JSON.stringify(
    Object.fromEntries(names.map((name) => [name, valueFor(properties[name], { words: words || text, numbers })])),
  );
}

function valueFor(schema: unknown, from: { readonly words: string; readonly numbers: string[] }): unknown {
  if (!isRecord(schema)) return from.words;
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  switch (schema['type']) {
    case 'integer':
      return Math.trunc(Number(from.numbers.shift() ?? 0));
    case 'number':
      return Number(from.numbers.shift() ?? 0);
    case 'boolean':
      return true;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return from.words;
  }
}

function objectIn(text: string): string | undefined {
  const json = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
  try {
    const value: unknown = JSON.parse(json);
    return isRecord(value) ? JSON.stringify(value) : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
