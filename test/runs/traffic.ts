// Makers for the tests of what is known of an agent's tools.
import type { Call } from '../../src/core/call.ts';
import { digestOf, sha256 } from '../../src/core/digest.ts';
import type { CallId, RunId } from '../../src/core/ids.ts';
import { type Principal, principalId } from '../../src/core/principal.ts';
import { NEW_TREE, type Run } from '../../src/core/run.ts';
import type { ToolResult } from '../../src/core/tool-traffic.ts';
import type { CarriedOut, ToldUse } from '../../src/runs/tool-use.ts';

export function principal(agent = 'coder', tenant = 'acme'): Principal {
  return {
    id: principalId(tenant, 'ann', agent),
    subject: 'ann',
    tenant,
    agent,
    actors: [],
    credential: 'key',
    issuer: 'keys',
    scopes: [],
    expiresAtMs: Infinity,
  };
}

/** A run by the names from its root down. */
export function run(...names: readonly string[]): Run {
  const path = names as readonly RunId[];
  return {
    id: path.at(-1) as RunId,
    root: path[0] as RunId,
    parent: path.at(-2),
    depth: path.length - 1,
    path,
    name: '',
    source: 'hint',
    tree: NEW_TREE,
  };
}

let calls = 0;

export type CallParts = Partial<Omit<Call, 'access'>> & { readonly access?: Partial<Call['access']> };

/** A call of a model, unless the parts say another. */
export function callOf({ access, ...parts }: CallParts = {}): Call {
  calls += 1;
  return {
    id: `call_${calls}` as CallId,
    route: { name: 'r', protocol: 'anthropic', upstreams: ['anthropic'], bodyBytesMax: 1_000_000 },
    dialect: 'anthropic',
    access: {
      principal: principal(),
      action: 'model.generate',
      resource: { kind: 'model', upstream: 'anthropic', name: 'claude' },
      args: {},
      run: run('root'),
      context: { route: 'r', timeMs: 1_000, stream: true },
      ...access,
    },
    upstreams: ['anthropic'],
    method: 'POST',
    target: '/',
    headers: {},
    body: Buffer.alloc(0),
    splices: [],
    estimate: { inputTokens: 1, outputTokens: 1 },
    model: 'claude',
    stream: true,
    hideUsage: false,
    abortable: true,
    rpc: undefined,
    candidates: [],
    fallbacks: [],
    ...parts,
  };
}

/** A call of a tool on the server `github`. */
export function toolCall(name: string, args: Readonly<Record<string, unknown>>, parts: CallParts = {}): Call {
  const resource = { kind: 'tool', upstream: 'github', name } as const;
  const access = { action: 'tool.call', resource, args, ...parts.access } as const;
  return callOf({ dialect: 'mcp', model: '', ...parts, access });
}

/** What a request tells of a tool. */
export function toolResult(id: string, parts: Partial<ToolResult> & { readonly said?: string } = {}): ToolResult {
  const { said = 'ok', ...others } = parts;
  const args = others.args ?? { id };
  return { id, name: 'Bash', args, argsDigest: digestOf(args), resultDigest: sha256(said), isError: false, ...others };
}

/** The same for the store. */
export function told(id: string, parts: Partial<ToldUse> = {}): ToldUse {
  return { ...toolResult(id), principal: principal().id, ...parts };
}

/** A call that came by, for the store. */
export function carried(id: string | undefined, parts: Partial<CarriedOut> = {}): CarriedOut {
  return { principal: principal().id, id, name: 'get_issue', argsDigest: digestOf({ n: 1 }), ...parts };
}
