// A start without any configuration: demo upstreams on loopback, the example policies, a dev token.
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Files, systemFiles } from '../config/files.ts';
import { demoConfig, demoProviders } from '../demo/config.ts';
import { startDemoModel } from '../demo/model.ts';
import { startDemoTools } from '../demo/tools.ts';
import { DEV_ISSUER_FILE, openDevIssuer } from '../identity/dev-issuer.ts';

const POLICIES = fileURLToPath(new URL('../../policies', import.meta.url));

export interface Demo {
  /** The system's files, and among them a `waygate.yaml` that is not there. */
  readonly files: Files;
  /** What a person needs to go on. */
  banner(at: { readonly data: string; readonly admin: string; readonly dir: string }): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Starts the demo upstreams. */
export async function startDemo(env: Readonly<Record<string, string | undefined>>, port: number): Promise<Demo> {
  const [model, tools] = await Promise.all([startDemoModel(), startDemoTools()]);
  const config = demoConfig({ modelUrl: model.url, toolsUrl: tools.url, port, policies: POLICIES }, env);
  const path = resolve('waygate.yaml');
  return {
    files: { ...systemFiles, read: (file) => (file === path ? Promise.resolve(config) : systemFiles.read(file)) },
    banner: ({ data, admin, dir }) => banner({ data, admin, dir, providers: demoProviders(env) }),
    close: async () => void (await Promise.all([model.close(), tools.close()])),
  };
}

interface Address {
  readonly data: string;
  readonly admin: string;
  readonly dir: string;
  readonly providers: readonly string[];
}

async function banner({ data, admin, dir, providers }: Address): Promise<readonly string[]> {
  const token = await openDevIssuer(join(dir, DEV_ISSUER_FILE)).mint({ agent: 'dev', nowMs: Date.now() });
  const real = providers.length > 0 ? ` and ${providers.join(', ')}` : '';
  return [
    '',
    `Waygate serves the demo models${real}, on loopback, without configuration.`,
    `  OpenAI clients     ${data}/v1`,
    `  Anthropic clients  ${data}`,
    `  Google clients     ${data}`,
    `  MCP clients        ${data}/mcp/demo`,
    `  metrics            ${admin}/metrics`,
    '',
    'A token for twelve hours, and a first call:',
    `  export WAYGATE_TOKEN=${token}`,
    `  curl -s ${data}/v1/chat/completions -H "authorization: Bearer $WAYGATE_TOKEN" \\`,
    `    -H 'content-type: application/json' -d '{"model":"demo-small","messages":[{"role":"user","content":"hello"}]}'`,
    '',
    `The example policies (${POLICIES}) refuse: the tool \`delete_note\`, and \`send_mail\` to addresses outside example.com;`,
    'what goes past 600 requests a minute or 5 USD a day is refused too. Other agents: `node bin/waygate.mjs token --agent NAME`.',
    '',
  ];
}
