// Tools of Waygate's own, which any governed agent may be given: where its run stands, and asking for an approval ahead of
// time. The gateway answers them itself; policies see them as `tool/waygate/status` and `tool/waygate/request`.
import type { Action, Resource, ResourceKind } from '../core/access.ts';
import { parseResource } from '../core/access.ts';
import { type Fields, isFields } from './fields.ts';
import { type Edit, isArrayAt, outline, partOf, removeParts, splice } from './json-outline.ts';
import { nameIn, readList } from './narrow.ts';
import { changeEvents } from './sse.ts';

export const OWN_TOOLS = ['status', 'request'] as const;
export type OwnTool = (typeof OWN_TOOLS)[number];

const PREFIX = 'waygate__';
const REASON_MAX = 1_000;

const DEFINITIONS: Readonly<Record<OwnTool, Fields>> = {
  status: {
    title: 'Where this run stands',
    description:
      'Says what is left of the budgets and limits of this run, which labels it carries, whether it is paused or stopped and why, and which of its calls wait for approval. Costs nothing; ask before expensive or risky work, and after a refusal.',
    inputSchema: { type: 'object', properties: {}, additionalProperties: false },
    annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  },
  request: {
    title: 'Ask for an approval ahead of time',
    description:
      'Asks people to approve one call before it is made, where a policy holds it. The approval is for exactly this resource and these arguments, in this run, for a short time. When it is given, make the very same call and it goes through. Does not wait: go on with other work, and look at waygate__status.',
    inputSchema: {
      type: 'object',
      properties: {
        resource: {
          type: 'string',
          description:
            'What the call is for: `tool/SERVER/NAME` (e.g. `tool/github/create_issue`) or `model/PROVIDER/NAME`.',
        },
        arguments: {
          type: 'object',
          description: 'The arguments of the call, exactly as they will be sent; left out where there are none.',
        },
        reason: {
          type: 'string',
          minLength: 1,
          maxLength: REASON_MAX,
          description: 'Why the call is needed, for the people who decide.',
        },
      },
      required: ['resource', 'reason'],
      additionalProperties: false,
    },
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  },
};

const WRITTEN = new Map(
  OWN_TOOLS.map((tool) => [tool, JSON.stringify({ name: PREFIX + tool, ...DEFINITIONS[tool] })] as const),
);

/** Which own tool a name of `tools/call` means; undefined for the upstream's. */
export function ownToolOf(name: string): OwnTool | undefined {
  return OWN_TOOLS.find((tool) => name === PREFIX + tool);
}

/** The resource that policies decide on. */
export function ownToolResource(tool: OwnTool): Resource {
  return { kind: 'tool', upstream: 'waygate', name: tool };
}

/** The answer to `tools/list` with these tools at its end; an upstream's tools of their names are taken out. */
export function withOwnTools(body: Buffer, contentType: string, tools: readonly OwnTool[]): Buffer {
  if (tools.length === 0) return body;
  if (!/^text\/event-stream\b/i.test(contentType)) return addTo(body, tools);
  const text = body.toString('latin1');
  const changed = changeEvents(text, (data) => {
    return data === '' ? data : addTo(Buffer.from(data, 'latin1'), tools).toString('latin1');
  });
  return changed === text ? body : Buffer.from(changed, 'latin1');
}

function addTo(body: Buffer, tools: readonly OwnTool[]): Buffer {
  const message = readList(body);
  const result = isFields(message) ? message['result'] : undefined;
  const list = isFields(result) ? result['tools'] : undefined;
  if (!isFields(result) || !Array.isArray(list)) return body;
  const text = body.toString('latin1');
  const at = partOf(outline(text, text.indexOf('{')), 'result')?.start ?? 0;
  const array = partOf(outline(text, at), 'tools');
  if (!array || !isArrayAt(text, array)) return body;
  const kept = (list as readonly unknown[]).map((entry) => ownToolOf(nameIn(entry, 'name') ?? '') === undefined);
  const edits: Edit[] = [...removeParts(outline(text, array.start), (index) => kept[index] === true)];
  // A list in pages has them on its last one.
  if (result['nextCursor'] === undefined || result['nextCursor'] === null) {
    const comma = kept.includes(true) ? ',' : '';
    const written = tools.map((tool) => WRITTEN.get(tool)).join(',');
    edits.push({ start: array.end - 1, end: array.end - 1, text: comma + written });
  }
  return edits.length === 0 ? body : splice(body, edits);
}

/** What `waygate__request` asks for, or in words for the model what is wrong with it. */
export type OwnRequest =
  | {
      readonly ok: true;
      readonly action: Action;
      readonly resource: Resource;
      readonly args: Fields;
      readonly reason: string;
    }
  | { readonly ok: false; readonly text: string };

/** What can be asked for: the call that a resource of the kind is for. */
const ACTIONS: Partial<Record<ResourceKind, Action>> = {
  tool: 'tool.call',
  model: 'model.generate',
  prompt: 'prompt.get',
  resource: 'resource.read',
};

/** Reads the arguments of `waygate__request`. */
export function readOwnRequest(args: Fields): OwnRequest {
  const { resource, arguments: asked = {}, reason } = args;
  const parsed = typeof resource === 'string' ? parseResource(resource) : undefined;
  const action = parsed && ACTIONS[parsed.kind];
  if (!parsed || !action || parsed.upstream === '' || parsed.name === '' || parsed.name.includes('*')) {
    return wrong('expected `resource` to name one tool or model, like `tool/github/create_issue`');
  }
  if (!isFields(asked)) return wrong('expected `arguments` to be an object: the arguments of the call');
  if (typeof reason !== 'string' || reason.trim() === '' || reason.length > REASON_MAX) {
    return wrong(`expected \`reason\` to say in 1 to ${REASON_MAX} characters why the call is needed`);
  }
  return { ok: true, action, resource: parsed, args: asked, reason: reason.trim() };
}

function wrong(text: string): OwnRequest {
  return { ok: false, text };
}
