import { isFields } from './fields.ts';

/** The names of the tools that a request offers to the model: a provider's own tools by their type. */
export function toolNames(tools: unknown): readonly string[] {
  if (!Array.isArray(tools)) return [];
  return tools.map(toolName).filter((name) => name !== '');
}

function toolName(tool: unknown): string {
  if (!isFields(tool)) return '';
  const inner = isFields(tool['function']) ? tool['function'] : isFields(tool['custom']) ? tool['custom'] : tool;
  const name = inner['name'] ?? tool['type'];
  return typeof name === 'string' ? name : '';
}
