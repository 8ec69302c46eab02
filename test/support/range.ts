// A gateway to shoot at: raw bytes go in, and what its upstreams saw of them comes out. Numbers of rows like F-01 are those of
// the attack corpus that the tests name in their titles.
import { chatUpstream, COMPLETION } from './chat.ts';
import { type InProcess, startInProcess } from './in-process.ts';
import { openRaw, statusOf } from './raw-http.ts';
import { json, type Received, type ScriptedUpstream, scriptedUpstream } from './upstream.ts';
import { token } from './waygate.ts';

export interface Range {
  readonly gateway: InProcess;
  readonly upstream: ScriptedUpstream;
  readonly bearer: string;
  readonly port: number;
  /** What upstreams have received since this was last asked. */
  received(): readonly Received[];
  /** Sends bytes (of a text, one per character) and returns what comes back until the gateway ends the connection. */
  shoot(bytes: string | Buffer): Promise<string>;
  /** Status of a sound request, which must still get through. */
  sound(): Promise<number>;
  close(): Promise<void>;
}

const BODY = '{"model":"small","messages":[]}';

/** What no answer may hold, whatever was asked: the upstream's key, and where in our sources something went wrong. */
const LEAKS = /sk-upstream|sk-range|\bat (?:async )?\S+ \(|file:\/\/\/|node_modules|node:internal/;

/** Allows `model/*` but `forbidden`, and every tool but `danger`. */
const POLICY = {
  policy: 'range',
  rules: [
    { id: 'models', allow: ['model.generate', 'model.list'] },
    { id: 'not-this-model', deny: 'model.generate', on: 'model/*/forbidden' },
    { id: 'tools', allow: ['tool.call', 'tool.list'] },
    { id: 'not-this-tool', deny: 'tool.call', on: 'tool/*/danger' },
  ],
};

export async function openRange(config: Record<string, unknown> = {}): Promise<Range> {
  const upstream = await scriptedUpstream();
  upstream.answer = (request, response) =>
    request.url.startsWith('/mcp')
      ? json(response, { jsonrpc: '2.0', id: 1, result: { content: [] } })
      : json(response, COMPLETION);
  const upstreams = {
    up: chatUpstream(upstream.url),
    tools: { protocol: 'mcp', url: `${upstream.url}/mcp` },
  };
  const gateway = await startInProcess({ upstreams, ...config }, POLICY);
  const bearer = await token();
  const port = Number(new URL(gateway.url).port);
  const signature = bearer.slice(bearer.lastIndexOf('.') + 1);
  const shoot = async (bytes: string | Buffer): Promise<string> => {
    const connection = await openRaw(port);
    connection.send(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    const answer = await connection.closed;
    const [leak] = LEAKS.exec(answer) ?? (answer.includes(signature) ? [signature] : []);
    if (leak !== undefined) throw new Error(`the answer gives away \`${leak}\`:\n${answer.slice(0, 2_000)}`);
    return answer;
  };
  return {
    gateway,
    upstream,
    bearer,
    port,
    shoot,
    received: () => upstream.received.splice(0),
    async sound() {
      const status = statusOf(await shoot(chat({ bearer })));
      upstream.received.splice(0);
      return status;
    },
    async close() {
      await gateway.close();
      await upstream.close();
    },
  };
}

export interface ChatRequest {
  readonly bearer: string;
  readonly target?: string;
  readonly version?: string;
  readonly type?: string | undefined;
  /** Further header lines. */
  readonly fields?: readonly string[];
  /** One character per byte. */
  readonly body?: string;
}

/** A chat request as it should be, but for what is said otherwise. */
export function chat(request: ChatRequest): string {
  const { bearer, target = '/v1/chat/completions', version = '1.1', fields = [], body = BODY } = request;
  const type = 'type' in request ? request.type : 'application/json';
  return [
    `POST ${target} HTTP/${version}`,
    'host: localhost',
    `authorization: Bearer ${bearer}`,
    ...(type === undefined ? [] : [`content-type: ${type}`]),
    'connection: close',
    `content-length: ${body.length}`,
    ...fields,
    '',
    body,
  ].join('\r\n');
}

/** An MCP request to the upstream `tools`. */
export function mcp({ bearer, fields = [] }: ChatRequest, body: unknown): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return chat({
    bearer,
    target: '/mcp/tools',
    fields: ['accept: application/json, text/event-stream', ...fields],
    body: Buffer.from(text).toString('latin1'),
  });
}
