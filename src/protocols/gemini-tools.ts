import { isFields } from './fields.ts';
import { usualNames } from './gemini-fields.ts';

/** The names of the tools that a request offers to the model: declared functions by name, Google's own (`googleSearch`) by kind. */
export function geminiToolNames(tools: unknown): readonly string[] {
  return listed(tools).flatMap((tool) => {
    const { functionDeclarations, ...own } = isFields(tool) ? usualNames(tool) : {};
    return [...listed(functionDeclarations).flatMap(nameOf), ...Object.keys(own)];
  });
}

// Google takes one value for a list of one.
function listed(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly unknown[]) : [value];
}

function nameOf(declaration: unknown): readonly string[] {
  const name = isFields(declaration) ? declaration['name'] : undefined;
  return typeof name === 'string' && name !== '' ? [name] : [];
}
