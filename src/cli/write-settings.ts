import type { Settings } from '../connect/client.ts';
import { diffLines } from '../connect/diff.ts';
import { shellText } from '../connect/render.ts';
import { type FileChange, makeChange, planChange } from '../connect/write.ts';
import { redactor } from '../telemetry/redact.ts';
import type { Around, PlacedFile } from './connect.ts';
import { UsageError } from './output.ts';

export interface Writing {
  readonly settings: Settings;
  readonly files: readonly PlacedFile[];
  readonly isDry: boolean;
  readonly tokenEnv: string;
}

/** Shows what changes, and changes it unless it is only tried. No file is changed before each of them can be. */
export async function writeSettings(
  { settings, files, isDry, tokenEnv }: Writing,
  { output, nowMs }: Pick<Around, 'output' | 'nowMs'>,
): Promise<void> {
  if (files.length === 0)
    throw new UsageError(
      'the client has no file of settings: put what is printed without `--write` into its environment',
    );
  const changes: FileChange[] = [];
  for (const { path, file } of files) changes.push(await planChange(path, { format: file.format, wanted: file }));
  for (const change of changes) {
    const { path, before, after } = change;
    if (before === after) {
      output.say(`\`${path}\` says so already`);
      continue;
    }
    output.print([path, ...diffLines(before ?? '', after).map((line) => shown(line, tokenEnv))].join('\n'));
    if (isDry) continue;
    const copy = await makeChange(change, { nowMs });
    output.say(`wrote \`${path}\`${copy === undefined ? '' : `; what was there is in \`${copy}\``}`);
  }
  if (settings.beside) output.print(`in the shell:\n\n${shellText(settings.beside)}\n`);
}

const { mask } = redactor();

/** A line of a difference, without the secrets that a file may hold; a reference to the variable is none. */
function shown(line: string, tokenEnv: string): string {
  const isReference = line.includes(tokenEnv) && /^\+\s*"?[\w-]+"?\s*[:=]\s*"[^"]*",?$/.test(line);
  return isReference ? line : mask(line);
}
