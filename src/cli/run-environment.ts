// What a program needs in its environment to find the gateway, and nothing else that could lead it past it.
import { basename } from 'node:path';
import { CLIENTS } from '../connect/clients.ts';
import { fill } from '../connect/fill.ts';
import { type ClientName, type Dialect } from '../connect/names.ts';
import type { Whereabouts } from '../connect/place.ts';
import { edit } from '../connect/edit.ts';
import { parseEnv } from 'node:util';
import { targetOf } from './connect-target.ts';
import { moveSettings, type Moved } from './run-settings.ts';

export interface ProgramOptions {
  /** What the program is, where its name does not tell. */
  readonly client?: ClientName;
  readonly model?: string;
  readonly protocol?: Dialect;
  readonly upstream?: string;
  readonly config?: string;
}

export interface Granted {
  readonly url: string;
  readonly key: string;
  readonly run: string;
}

export interface ProgramEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /** Puts away what was made for the program. */
  close(): Promise<void>;
}

type Env = Readonly<Record<string, string | undefined>>;

const PROGRAMS: Readonly<Record<string, ClientName>> = {
  claude: 'claude-code',
  codex: 'codex',
  gemini: 'gemini-cli',
  opencode: 'opencode',
  kimi: 'kimi-code',
  qwen: 'qwen-code',
  pi: 'pi',
};

/** Other credentials and addresses than those of the run: a program that finds two may take the wrong one, or go elsewhere. */
const TAKEN_OUT: readonly string[] = [
  'ANTHROPIC_API_KEY',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'GOOGLE_API_KEY',
  'GOOGLE_GENAI_USE_VERTEXAI',
  'OPENAI_API_BASE',
  'OPENAI_ORG_ID',
  'OPENAI_PROJECT_ID',
  'WAYGATE_ADMIN_TOKEN',
];
const TOKEN = 'WAYGATE_TOKEN';

/** The client that a program is, by its name; undefined for one that no table knows. */
export function clientOf(program: string, named: ClientName | undefined): ClientName | undefined {
  return named ?? PROGRAMS[basename(program).replace(/\.(?:exe|cmd|ps1|m?js)$/, '')];
}

/** Throws what the client needs to be told, e.g. its model. */
export async function environmentOf(
  client: ClientName | undefined,
  options: ProgramOptions,
  { granted, where }: { readonly granted: Granted; readonly where: Whereabouts },
): Promise<ProgramEnvironment> {
  const shared = { ...without(where.env), ...general(granted) };
  if (client === undefined) return { env: shared, close: () => Promise.resolve() };
  const { url, key } = granted;
  const asked = { ...options, client, url, tokenEnv: TOKEN, token: true };
  const target = await targetOf(asked, { ...where, env: { ...where.env, [TOKEN]: key } });
  const { shell, beside, files = [] } = fill(target.settings, target.values);
  if (shell) return { env: { ...shared, ...shell }, close: () => Promise.resolve() };
  const dotenv = files
    .filter(({ format }) => format === 'dotenv')
    .map((file) => parseEnv(edit('dotenv', { wanted: file })));
  const movable = files.filter(({ format }) => format !== 'dotenv');
  const moved: Moved[] = [];
  for (const file of movable) moved.push(...(await moveSettings(file, where)));
  const variables = Object.fromEntries(moved.map(({ variable, folder }) => [variable, folder]));
  return {
    env: { ...shared, ...(Object.assign({}, ...dotenv) as Record<string, string>), ...beside, ...variables },
    close: async () => void (await Promise.all(moved.map((one) => one.close()))),
  };
}

/** What SDKs of every dialect read, and what a program may start further runs with. */
function general({ url, key, run }: Granted): Record<string, string> {
  return {
    OPENAI_BASE_URL: `${url}/v1`,
    OPENAI_API_KEY: key,
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_AUTH_TOKEN: key,
    GOOGLE_GEMINI_BASE_URL: `${url}/gemini`,
    GEMINI_API_KEY: key,
    WAYGATE_URL: url,
    WAYGATE_RUN: run,
    [TOKEN]: key,
  };
}

function without(env: Env): Record<string, string> {
  const kept = Object.entries(env).filter(([name, value]) => value !== undefined && !TAKEN_OUT.includes(name));
  return Object.fromEntries(kept) as Record<string, string>;
}

/** For messages: what the client is called. */
export function titleOf(client: ClientName | undefined, program: string): string {
  return client === undefined ? basename(program) : CLIENTS[client].title;
}
