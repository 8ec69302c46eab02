// A governed gateway with everything real around it: Redis, a collector, models, tools, an API, and faults between them.
import { startDemoModel } from '../../src/demo/model.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { IDENTITY, startWaygate, token, type Waygate } from '../support/waygate.ts';
import { type FaultyProxy, faultyProxy, UPSTREAM_FAULTS, type UpstreamFault } from './faulty.ts';
import { startApi, startCollector, startTools } from './servers.ts';
import type { Caller } from './traffic.ts';

export const TENANTS = ['acme', 'globex', 'initech'] as const;
const AGENTS = 4;
const HOURS = 3_600;

export interface Scene {
  readonly waygate: Waygate;
  readonly redis: RedisServer;
  readonly bearers: readonly string[];
  /** Faults that upstreams have made, by their kind. */
  readonly faults: Readonly<Record<UpstreamFault, number>>;
  /** Bytes of traces that the collector got. */
  traceBytes(): number;
  /** Ends the gateway in order, and gives its exit code; its folder stays until `stop`. */
  end(): Promise<number | null>;
  stop(): Promise<void>;
}

export interface SceneOptions {
  readonly callsPerSecond: number;
  readonly roll: () => number;
  readonly faultShare: number;
  readonly hours: number;
}

export async function startScene({ callsPerSecond, roll, faultShare, hours }: SceneOptions): Promise<Scene> {
  const redis = await startRedis();
  const collector = await startCollector();
  const [model, tools, api] = [await startDemoModel(), await startTools(), await startApi()];
  const faults = { reset: 0, error: 0, truncated: 0, slow: 0 };
  const fault = (): UpstreamFault | undefined => {
    if (roll() >= faultShare) return undefined;
    const chosen = UPSTREAM_FAULTS[Math.floor(roll() * UPSTREAM_FAULTS.length)] ?? 'reset';
    faults[chosen] += 1;
    return chosen;
  };
  const between = (url: string): Promise<FaultyProxy> => faultyProxy(url, fault);
  const proxies = [await between(model.url), await between(tools.url), await between(api.url)] as const;
  const waygate = await startWaygate({
    config: { ...config(proxies.map(({ url }) => url)), ...around(redis.url, collector.url) },
    policies: { 'soak.yaml': policy(callsPerSecond) },
    // Its inspector says what lives on the heap; any free port.
    env: { NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --inspect=127.0.0.1:0`, KEY: 'k' },
  });
  let ended: Promise<number | null> | undefined;
  const end = (): Promise<number | null> => {
    waygate.signal('SIGTERM');
    return (ended ??= waygate.exited());
  };
  return {
    waygate,
    redis,
    faults,
    bearers: await bearers(hours),
    traceBytes: () => collector.bytes(),
    end,
    async stop() {
      await waygate.stop();
      await Promise.all([...proxies, model, tools, api, collector].map((server) => server.close()));
      await redis.stop();
    },
  };
}

function config([model = '', tools = '', api = '']: readonly string[]): object {
  const shared = { credential: 'env:KEY', prices: { '*': { input: 1, output: 4 } } };
  return {
    identity: {
      issuers: IDENTITY.issuers.map((issuer) => ({
        ...issuer,
        claims: { agent: 'agent', tenant: 'tenant' },
        tenant: undefined,
      })),
    },
    upstreams: {
      gpt: { protocol: 'openai', url: `${model}/v1`, models: ['demo-*'], ...shared },
      claude: { protocol: 'anthropic', url: model, models: ['demo-*'], ...shared },
      notes: { protocol: 'mcp', url: `${tools}/mcp` },
      tickets: {
        protocol: 'http',
        url: api,
        price: '0.000001 USD',
        operations: ['GET /issues/{id}', 'POST /issues'],
      },
    },
    // Nothing of what is counted may end with the run, and no file of the log may be the last.
    audit: { dir: 'audit', maxFileBytes: 67_108_864 },
  };
}

const around = (redis: string, collector: string): object => ({
  store: { kind: 'redis', url: redis, commandTimeoutMs: 200 },
  telemetry: { otlp: { endpoint: collector } },
});

function policy(callsPerSecond: number): object {
  return {
    policy: 'soak',
    rules: [
      { id: 'models', allow: ['model.generate', 'model.list'] },
      { id: 'tools', allow: ['tool.call', 'tool.list'], on: 'tool/notes/*', when: 'subject.startsWith("user")' },
      { id: 'lists', allow: 'tool.list' },
      { id: 'tickets', allow: 'http.request', on: 'http/tickets/*' },
      { id: 'no-large', deny: 'model.generate', on: 'model/*/demo-large', because: 'the large model is for people' },
      { id: 'no-delete', deny: 'tool.call', on: 'tool/*/delete_*', because: 'notes are deleted by people' },
    ],
    limits: [
      // Six come at once, so that one or two of them wait a moment.
      { id: 'pace', rate: `${Math.ceil(callsPerSecond / 40)}/s`, per: ['tenant', 'agent'], on: 'tool/notes/add' },
      { id: 'at-once', concurrency: 500, per: 'tenant' },
      { id: 'hour', budget: '1000000 USD', every: '1h', per: ['agent', 'model'] },
      { id: 'money', budget: '1000000 USD', every: 'year', per: 'tenant' },
      { id: 'tokens', budget: '1000000000000 tokens', every: 'year', per: 'tenant' },
    ],
  };
}

function bearers(hours: number): Promise<readonly string[]> {
  const exp = Math.floor(Date.now() / 1_000 + (hours + 1) * HOURS);
  return Promise.all(
    TENANTS.flatMap((tenant) =>
      Array.from({ length: AGENTS }, (_, index) =>
        token({ tenant, agent: `agent-${index}`, sub: `user-${index}`, exp }),
      ),
    ),
  );
}

/** Callers whose sessions are made of some twenty calls each. */
export function callers(bearers: readonly string[], roll: () => number): () => Caller {
  const sessions = bearers.map(() => crypto.randomUUID());
  return () => {
    const index = Math.floor(roll() * bearers.length);
    if (roll() < 0.05) sessions[index] = crypto.randomUUID();
    return { bearer: bearers[index] ?? '', session: sessions[index] ?? '' };
  };
}
