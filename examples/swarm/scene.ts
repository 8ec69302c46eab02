// What stands around the swarm: Redis, upstreams that count, two gateways over one ledger; each a process of its own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type ServerProcess, startServer } from '../../bench/processes.ts';
import { DEV_ISSUER_FILE, openDevIssuer } from '../../src/identity/dev-issuer.ts';
import { freePort, redisBinary, startRedis } from '../../test/support/redis.ts';
import { watchQuestions, type Questions } from './questions.ts';

const UPSTREAMS = fileURLToPath(new URL('upstreams.ts', import.meta.url));
const GATEWAYS = ['east', 'west'] as const;
const HOUR_S = 3_600;
const STORE_MS = 200;

export type LineageKind = 'hints' | 'tokens';

export interface Gateway extends ServerProcess {
  readonly name: string;
  readonly adminUrl: string;
  readonly config: string;
  readonly audit: string;
}

export interface Scene {
  readonly redisUrl: string;
  /** One that nobody else has, so that a shared Redis may be used. */
  readonly tenant: string;
  readonly questions: Questions;
  readonly upstreams: ServerProcess;
  readonly gateways: readonly Gateway[];
  /** Of the person whose task it is: the dev issuer's, for the agent `orchestrator`. */
  readonly token: string;
  readonly operatorToken: string;
  /** Ends the gateways in order, so that their audit is whole. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

export interface SceneOptions {
  readonly agents: number;
  readonly steps: number;
  readonly lineage: LineageKind;
}

/** Starts everything. Throws with what is missing where there is no Redis. */
export async function startScene(options: SceneOptions): Promise<Scene> {
  const given = process.env['REDIS_URL'];
  if (!given && !redisBinary()) {
    throw new Error('needs a real Redis: set REDIS_URL, or install redis-server (`apt-get install redis-server`)');
  }
  const redis = given ? undefined : await startRedis();
  const redisUrl = redis?.url ?? given ?? '';
  const dir = mkdtempSync(join(tmpdir(), 'waygate-swarm-'));
  const issuer = openDevIssuer(join(dir, DEV_ISSUER_FILE));
  const whom = { subject: 'olga', ttlSeconds: HOUR_S, nowMs: Date.now() };
  const tenant = `swarm-${crypto.randomUUID().slice(0, 8)}`;
  const questions = await watchQuestions(redisUrl, tenant);
  mkdirSync(join(dir, 'policies'));
  writeFileSync(join(dir, 'policies', 'swarm.yaml'), stringify(policy(options)));
  const upstreams = await startServer('upstreams', {
    args: (port) => [UPSTREAMS, String(port)],
    dir,
    cores: undefined,
  });
  const around = { dir, redisUrl, upstreams: upstreams.url, lineage: options.lineage, issuerPort: await freePort() };
  const gateways: Gateway[] = [];
  for (const name of GATEWAYS) gateways.push(await startGateway(name, around));
  return {
    redisUrl,
    tenant,
    questions,
    upstreams,
    gateways,
    token: await issuer.mint({ agent: 'orchestrator', tenant, ...whom }),
    operatorToken: await issuer.mintOperator({ rank: 'operator', tenant, ...whom }),
    settle: async () => void (await Promise.all(gateways.map((gateway) => gateway.stop()))),
    async stop() {
      await Promise.all([...gateways, upstreams].map((server) => server.stop()));
      questions.close();
      await redis?.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

interface Around {
  readonly dir: string;
  readonly redisUrl: string;
  readonly upstreams: string;
  readonly lineage: LineageKind;
  readonly issuerPort: number;
}

async function startGateway(name: string, around: Around): Promise<Gateway> {
  const { dir } = around;
  const adminPort = await freePort();
  const config = join(dir, `${name}.yaml`);
  const audit = join(dir, `audit-${name}`);
  const server = await startServer(name, {
    args(port) {
      writeFileSync(
        config,
        stringify(gatewayConfig({ port, adminPort, audit }, around), { aliasDuplicateObjects: false }),
      );
      return ['src/main.ts', 'serve', '--config', config];
    },
    dir,
    cores: undefined,
    env: { UPSTREAM_KEY: 'swarm', WRAP_KEY: Buffer.alloc(32, 7).toString('base64') },
  });
  return { ...server, name, adminUrl: `http://127.0.0.1:${adminPort}`, config, audit };
}

function gatewayConfig(
  { port, adminPort, audit }: { readonly port: number; readonly adminPort: number; readonly audit: string },
  { redisUrl, upstreams, lineage, issuerPort }: Around,
): object {
  const model = { models: ['demo-*'], credential: 'env:UPSTREAM_KEY', prices: { '*': { input: 1, output: 4 } } };
  return {
    version: 1,
    listen: { port },
    admin: { port: adminPort },
    identity: { dev: true },
    // Everything shares this one machine: it may keep a process waiting for longer than a store usually takes.
    store: { kind: 'redis', url: redisUrl, commandTimeoutMs: STORE_MS },
    upstreams: {
      gpt: { protocol: 'openai', url: `${upstreams}/v1`, ...model },
      claude: { protocol: 'anthropic', url: upstreams, ...model },
      notes: { protocol: 'mcp', url: `${upstreams}/mcp` },
    },
    policies: { dir: 'policies' },
    audit: { dir: audit },
    // The name that both go by in tokens; nobody has to reach it.
    ...(lineage === 'tokens' && {
      delegation: { issuer: `http://127.0.0.1:${issuerPort}`, wrapKey: 'env:WRAP_KEY' },
    }),
  };
}

function policy({ agents, steps }: SceneOptions): object {
  return {
    policy: 'swarm',
    rules: [
      { id: 'models', allow: ['model.generate', 'model.list'], on: 'model/*/demo-*' },
      { id: 'tools', allow: ['tool.call', 'tool.list'], on: 'tool/notes/*' },
      { id: 'spawning', allow: 'run.spawn', on: 'agent/waygate/*' },
      { id: 'notes-are-kept', deny: 'tool.call', on: 'tool/notes/delete_*', because: 'notes are deleted by people' },
    ],
    limits: [
      { id: 'task', budget: '50 USD', per: 'run.root' },
      { id: 'day', budget: '500 USD', every: 'day', per: 'subject' },
      { id: 'shape', max: { depth: 3, children: agents, steps: steps + agents * 3, duration: '1h' } },
    ],
  };
}
