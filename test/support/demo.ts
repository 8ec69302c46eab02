// The demo upstreams behind a gateway, as `npm start` wires them, with policies of the test's own.
import { startDemoModel } from '../../src/demo/model.ts';
import { startDemoTools } from '../../src/demo/tools.ts';
import { startWaygate, type Waygate, type WaygateOptions } from './waygate.ts';

export interface DemoGateway {
  readonly waygate: Waygate;
  stop(): Promise<number | null>;
}

export interface DemoGatewayOptions extends Partial<WaygateOptions> {
  /** More of the upstream `notes`. */
  readonly tools?: object;
}

/** A gateway before the demo model (in each of its dialects) and the demo tools. */
export async function startDemoGateway({ tools: own = {}, ...options }: DemoGatewayOptions = {}): Promise<DemoGateway> {
  const [model, tools] = [await startDemoModel(), await startDemoTools()];
  const prices = { '*': { input: 1, output: 4 } };
  const upstreams = {
    demo: { protocol: 'openai', url: `${model.url}/v1`, prices },
    claude: { protocol: 'anthropic', url: model.url, prices },
    google: { protocol: 'gemini', url: `${model.url}/gemini`, prices },
    notes: { protocol: 'mcp', url: tools.url, ...own },
  };
  const waygate = await startWaygate({ ...options, config: { upstreams, ...options.config } });
  return {
    waygate,
    async stop() {
      const code = await waygate.stop();
      await Promise.all([model.close(), tools.close()]);
      return code;
    },
  };
}

/** What the tests of clients share: everything is allowed but the large model and deleting notes. */
export const CLIENT_POLICY = {
  policy: 'clients',
  rules: [
    { id: 'models', allow: ['model.generate', 'model.embed', 'model.list', 'model.count'] },
    { id: 'tools', allow: ['tool.call', 'tool.list', 'resource.read', 'prompt.get'] },
    {
      id: 'no-large',
      deny: ['model.generate', 'model.embed'],
      on: 'model/*/demo-large',
      because: 'the large model is for people',
    },
    { id: 'no-delete', deny: 'tool.call', on: 'tool/*/delete_*', because: 'notes are deleted by people' },
  ],
};
