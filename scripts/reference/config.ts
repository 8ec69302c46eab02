import { configJsonSchema } from '../../src/config/schema.ts';
import { fieldsOf, partsOf } from './fields.ts';
import type { JsonSchema } from './json-schema.ts';
import { fieldTable, page } from './markdown.ts';

/** docs/reference/config.md */
export function configPage(): string {
  const schema = configJsonSchema() as JsonSchema;
  const { properties = {}, required = [] } = schema;
  const simple = Object.fromEntries(
    Object.entries(properties).filter(([name, part]) => partsOf(part, name).length === 0),
  );
  const sections = Object.entries(properties).flatMap(([name, part]) => {
    const parts = partsOf(part, name);
    if (parts.length === 0) return [];
    const meaning =
      part.description === undefined ? [] : [`${part.description}${required.includes(name) ? ' Required.' : ''}`];
    return [`## \`${name}\``, ...meaning, fieldTable(parts)];
  });
  return page(
    '# Configuration',
    '`waygate.yaml` in the working directory, or `--config FILE`. Names that are not in these tables are errors. Paths of policies, keys and secrets are meant from the folder of the configuration. A secret is a reference, `env:NAME` or `file:PATH`, never the secret itself. `# yaml-language-server: $schema=…/docs/reference/waygate.schema.json` on the first line gives completion in an editor.',
    '## At the top',
    fieldTable(fieldsOf({ properties: simple, required })),
    ...sections,
  );
}
