import type { Settings, SettingsFile, Variables } from './client.ts';
import { edit } from './edit.ts';

/** The variables as a POSIX shell takes them. A value that is `$NAME` stays a reference. */
export function shellText(variables: Variables): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${shellWord(value)}`)
    .join('\n');
}

function shellWord(value: string): string {
  if (/^\$\w+$/.test(value)) return `"${value}"`;
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

/** What a file says that has these settings and nothing else. */
export function fileText({ format, ...wanted }: SettingsFile): string {
  return edit(format, { wanted }).trimEnd();
}

/** Whether some part of the settings holds what stands for the token in a shell. */
export function showsToken({ shell = {}, beside = {} }: Settings, token: string): boolean {
  return [...Object.values(shell), ...Object.values(beside)].includes(token);
}
