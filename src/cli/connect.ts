// `waygate connect`: a client's settings, printed or put into its own files.
// INVARIANT: a token is printed only where `--token` asks for it, and never written.
import type { Settings, SettingsFile, Scope } from '../connect/client.ts';
import { CLIENTS } from '../connect/clients.ts';
import { fill, fillNotes, type Values } from '../connect/fill.ts';
import type { ClientName, Dialect } from '../connect/names.ts';
import { pathOf, scopeOf, type Whereabouts } from '../connect/place.ts';
import { fileText, shellText, showsToken } from '../connect/render.ts';
import { targetOf } from './connect-target.ts';
import type { AddressOptions } from './gateway-address.ts';
import { type ExitCode, type Output, UsageError } from './output.ts';
import { writeSettings } from './write-settings.ts';

export interface ConnectOptions extends AddressOptions {
  readonly client: ClientName;
  readonly model?: string;
  /** What is to be spoken, of what the client speaks. */
  readonly protocol?: Dialect;
  /** Name of the variable that holds the token. */
  readonly tokenEnv: string;
  /** Print the token itself, read from that variable. */
  readonly token?: boolean;
  /** The MCP server to connect to, instead of models. */
  readonly mcp?: string;
  readonly scope?: Scope;
  readonly json?: boolean;
  readonly write?: boolean;
  readonly dryRun?: boolean;
}

export interface Around {
  readonly output: Output;
  readonly where: Whereabouts;
  readonly nowMs: number;
}

/** A file of settings, and where it is on this machine. */
export interface PlacedFile {
  readonly scope: Scope;
  readonly path: string;
  readonly file: SettingsFile;
}

/** Prints or writes a client's settings. */
export async function connect(options: ConnectOptions, around: Around): Promise<ExitCode> {
  const { client: name, json, write, dryRun, token } = options;
  const isWriting = write === true || dryRun === true;
  if (isWriting && (json === true || token === true))
    throw new UsageError('`--json` and `--token` are for printing; leave them out, or `--write` and `--dry-run`');
  const target = await targetOf(options, around.where);
  const settings = fill(target.settings, target.values);
  if (token === true && !showsToken(settings, target.values.token))
    throw new UsageError(`\`${name}\` reads the token from \`${options.tokenEnv}\` alone; leave out \`--token\``);
  const notes = fillNotes([...(settings.notes ?? []), ...CLIENTS[name].notes], target.values);
  const files = placedFiles(settings, options, around.where);
  if (isWriting) await writeSettings({ settings, files, isDry: dryRun === true, tokenEnv: options.tokenEnv }, around);
  else if (json === true) printJson({ name, settings, files, notes, values: target.values }, around.output);
  else printText({ settings, files, isLasting: options.scope !== undefined }, around.output);
  if (json !== true) sayBeside({ settings, notes, tokenEnv: options.tokenEnv }, around);
  return 0;
}

function placedFiles(
  { files = [] }: Settings,
  { client, scope: asked }: ConnectOptions,
  where: Whereabouts,
): readonly PlacedFile[] {
  return files.map((file) => {
    const scope = scopeOf(file, asked);
    const place = file.places[scope];
    if (place) return { scope, path: pathOf(place, where), file };
    throw new UsageError(`\`${client}\` has no file for this in the scope \`${scope}\`; leave out \`--scope\``);
  });
}

interface Shown {
  readonly settings: Settings;
  readonly files: readonly PlacedFile[];
}

function printText({ settings, files, isLasting }: Shown & { readonly isLasting: boolean }, output: Output): void {
  const { shell, beside } = settings;
  if (shell && !(isLasting && files.length > 0)) {
    output.print(shellText(shell));
    for (const { path } of files) output.say(`\`--write\` puts settings that last into \`${path}\``);
    return;
  }
  for (const { path, file } of files) output.print(`${path}:\n\n${fileText(file)}\n`);
  if (beside) output.print(`in the shell:\n\n${shellText(beside)}\n`);
}

interface Whole extends Shown {
  readonly name: ClientName;
  readonly notes: readonly string[];
  readonly values: Values;
}

function printJson({ name, settings, files, notes, values }: Whole, output: Output): void {
  const { shell = {}, beside = {} } = settings;
  const { url, server, endpoint, base, 'token-env': tokenEnv } = values;
  const address = server === undefined ? { url, base } : { url, server, endpoint };
  const shown = files.map(({ scope, path, file }) => {
    const { format, settings: set, defaults } = file;
    return { scope, path, format, settings: set, ...(defaults && { defaults }), text: fileText(file) };
  });
  const whole = { client: name, title: CLIENTS[name].title, ...address, tokenEnv, shell, beside, files: shown, notes };
  output.print(JSON.stringify(whole, undefined, 2));
}

function sayBeside(
  { settings, notes, tokenEnv }: Pick<Shown, 'settings'> & Pick<Whole, 'notes'> & Pick<ConnectOptions, 'tokenEnv'>,
  { output, where }: Around,
): void {
  const isRead = JSON.stringify(settings).includes(tokenEnv);
  if (isRead && !where.env[tokenEnv])
    output.say(`\`${tokenEnv}\` is to hold a token: \`export ${tokenEnv}=$(waygate token --agent NAME)\`, or a key`);
  for (const note of notes) output.say(`note: ${note}`);
}
