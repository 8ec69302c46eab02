import type { Checked } from '../../src/core/problem.ts';
import type { Files } from '../../src/config/files.ts';
import { type Config, loadConfig } from '../../src/config/load.ts';
import { linesOf } from '../documents/lines.ts';

/** Files that exist only here. */
export function memoryFiles(contents: Readonly<Record<string, string>>): Files {
  const missing = (path: string): Error => Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
  return {
    async read(path) {
      const text = contents[path];
      if (text === undefined) throw missing(path);
      return text;
    },
    async list(folder) {
      const names = Object.keys(contents).filter((path) => path.startsWith(`${folder}/`));
      if (names.length === 0) throw missing(folder);
      return names.map((path) => path.slice(folder.length + 1)).sort();
    },
  };
}

/** A config that is right, with one upstream and API keys. */
export const GOOD = `version: 1
identity:
  keys: { file: keys.yaml }
upstreams:
  openai:
    protocol: openai
    url: https://api.openai.test/v1
    credential: env:OPENAI_API_KEY
`;

export const AROUND = { 'keys.yaml': 'keys: []\n', 'policies/open.yaml': 'policy: open\n' };
export const ENV = { OPENAI_API_KEY: 'sk-right' };

/** What becomes of a config in memory. */
export async function check(text: string, around: Readonly<Record<string, string>> = {}): Promise<Checked<Config>> {
  const files = memoryFiles({ ...AROUND, ...around, 'waygate.yaml': text });
  return (await loadConfig({ path: 'waygate.yaml', env: ENV, files })).config;
}

/** `line:column: message` of all that is wrong with a config; empty where nothing is. */
export async function problemsOf(
  text: string,
  around: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const checked = await check(text, around);
  return checked.ok ? [] : linesOf(checked).map((line) => line.replace(/^waygate\.yaml:/, ''));
}
