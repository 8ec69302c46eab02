import type { Client, Place, Scope, Settings, SettingsFile } from '../../src/connect/client.ts';
import { CLIENTS } from '../../src/connect/clients.ts';
import { fill, fillNotes, type Values } from '../../src/connect/fill.ts';
import { CLIENT_NAMES, type ClientName, type Dialect } from '../../src/connect/names.ts';
import { shownPlace } from '../../src/connect/place.ts';
import { fileText, shellText } from '../../src/connect/render.ts';
import { page } from './markdown.ts';

const URL = 'http://127.0.0.1:4000';
const BASES: Readonly<Record<Dialect, string>> = { openai: `${URL}/v1`, anthropic: URL, gemini: `${URL}/gemini` };
const EXAMPLE: Values = {
  url: URL,
  base: URL,
  'token-env': 'WAYGATE_TOKEN',
  token: '$WAYGATE_TOKEN',
  model: 'MODEL',
  server: 'notes',
  endpoint: `${URL}/mcp/notes`,
};

/** docs/clients.md */
export function clientsPage(): string {
  return page(
    '# Connecting clients',
    'What each client needs to send its calls through the gateway. `waygate connect CLIENT` prints this for your gateway, `--write` puts it into the client’s own files: it shows what changes, keeps a copy of what was there and all else in the file as it is, refuses what it cannot read, and changes nothing when called twice. `--dry-run` only shows.',
    'A file never gets the token, only the name of the variable that holds it: `export WAYGATE_TOKEN=$(waygate token --agent NAME)` for a gateway on your machine, else a token or key that its operators gave you. Below, the gateway is at `http://127.0.0.1:4000`, the model is `MODEL` and the MCP server `notes`.',
    ...CLIENT_NAMES.flatMap((name) => section(name, CLIENTS[name])),
  );
}

function section(name: ClientName, { title, models = {}, mcp, notes }: Client): readonly string[] {
  const dialects = Object.entries(models) as [Dialect, Settings][];
  const ways = dialects.flatMap(([dialect, settings], index) => {
    const protocol = index === 0 ? '' : ` --protocol ${dialect}`;
    return way(`waygate connect ${name}${protocol}${modelOption(settings)}`, settings, {
      ...EXAMPLE,
      base: BASES[dialect],
    });
  });
  const tools = mcp ? way(`waygate connect ${name} --mcp notes`, mcp, EXAMPLE) : [];
  return [`## ${title}`, ...ways, ...tools, ...list(fillNotes(notes, EXAMPLE))];
}

function modelOption(settings: Settings): string {
  if (settings.needsModel === true) return ' --model MODEL';
  return JSON.stringify(settings).includes('<model>') ? ' [--model MODEL]' : '';
}

function way(command: string, template: Settings, values: Values): readonly string[] {
  const { shell, files = [], beside, notes = [] } = fill(template, values);
  return [
    `### \`${command}\``,
    ...(shell ? ['In the shell:', block('sh', shellText(shell))] : []),
    ...files.flatMap((file) => [
      `${shell ? 'Or for good, in' : 'In'} ${placesOf(file)}:`,
      block(languageOf(file), fileText(file)),
    ]),
    ...(beside ? ['And in the shell:', block('sh', shellText(beside))] : []),
    ...list(notes),
  ];
}

function placesOf({ places }: SettingsFile): string {
  return (Object.entries(places) as [Scope, Place][])
    .map(([scope, place]) => `\`${shownPlace(place)}\`${scope === 'project' ? ' of a project' : ''}${movedBy(place)}`)
    .join(', or ');
}

function movedBy({ moved }: Place): string {
  return moved ? ` (\`$${moved.by}\` moves it)` : '';
}

function languageOf({ format }: SettingsFile): string {
  return format === 'dotenv' ? 'sh' : format;
}

function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function list(sentences: readonly string[]): readonly string[] {
  return sentences.length === 0 ? [] : [sentences.map((sentence) => `- ${sentence}`).join('\n')];
}
