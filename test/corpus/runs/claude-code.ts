// Plays a task as Claude Code would send it: whole histories with every request, agents by headers, tools of MCP servers with the
// id of the use that they carry out. Deterministic; what each request and answer means comes with it.
import type { ScriptAgent, ScriptTool, ScriptTurn } from './task.ts';

/** One exchange with the gateway. */
export interface Exchange {
  readonly to: 'model' | 'mcp';
  /** Of the agent that truly sent it; an MCP request does not say. */
  readonly agent: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Server-sent events of a model, JSON of a server. */
  readonly answer: string;
}

/** A step that an exchange is, or tells of, on the node that it belongs to. */
export interface TrueStep {
  readonly agent: string;
  readonly kind: 'model' | 'tool' | 'tool.local';
  readonly resource: string;
  readonly toolUseId?: string;
  readonly ok: boolean;
}

export interface Played {
  readonly exchanges: readonly Exchange[];
  readonly steps: readonly TrueStep[];
}

export const SESSION = '5c9a1f0e-1111-4222-8333-444455556666';
const MODEL = 'claude-sonnet-4-5';

interface Use {
  readonly id: string;
  readonly tool: ScriptTool;
}

interface Block {
  readonly type: string;
  readonly [member: string]: unknown;
}

interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: readonly Block[];
}

export function play(task: ScriptAgent): Played {
  const player = new Player();
  const title = { says: 'Rename tz', tools: [] };
  player.ask({ agent: task, parent: '' }, [message('user', text(`Title for: ${task.prompt}`))], title, []);
  for (const _ of player.converse(task, '')) continue;
  return player;
}

class Player implements Played {
  readonly exchanges: Exchange[] = [];
  readonly steps: TrueStep[] = [];
  #uses = 0;
  #requests = 0;

  /** Plays an agent, one exchange at a time, so that others can play beside it. Returns its last words. */
  *converse(agent: ScriptAgent, parent: string): Generator<void, string> {
    let history: Message[] = [message('user', text(agent.prompt))];
    let open: readonly Use[] = [];
    for (const turn of agent.turns) {
      const uses = turn.tools.map((tool) => ({ id: this.#useId(), tool }));
      for (let time = turn.isRepeated ? 2 : 1; time > 0; time -= 1) {
        this.#tell(agent, time === 2 || !turn.isRepeated ? open : []);
        this.ask({ agent, parent }, history, turn, uses);
        yield;
      }
      history.push(message('assistant', text(turn.says), ...uses.map(useBlock)));
      if (uses.length === 0) return turn.says;
      const results = yield* this.#carryOut(agent, uses);
      history.push(message('user', ...results));
      open = uses;
      if (!turn.isCompacted) continue;
      this.#tell(agent, open);
      const asked = [...history.slice(0, -1), message('user', ...results, text('Sum up the conversation.'))];
      this.ask({ agent, parent }, asked, { says: 'So far: much.', tools: [] }, []);
      yield;
      history = [message('user', text('Continued from a summary: so far, much.'))];
      open = [];
    }
    throw new Error('an agent must end');
  }

  *#carryOut(agent: ScriptAgent, uses: readonly Use[]): Generator<void, readonly Block[]> {
    const said = new Map<string, string>();
    let playing = uses.flatMap(({ id, tool }) => {
      return tool.kind === 'agent' ? [{ id, playing: this.converse(tool.agent, agent.id) }] : [];
    });
    for (const use of uses) if (use.tool.kind === 'mcp') this.#callTool(agent, use, use.tool);
    while (playing.length > 0) {
      playing = playing.filter((one) => {
        const next = one.playing.next();
        if (next.done) said.set(one.id, next.value);
        return !next.done;
      });
      yield;
    }
    return uses.map(({ id, tool }) => ({
      type: 'tool_result',
      tool_use_id: id,
      content: tool.kind === 'local' ? tool.gives : [{ type: 'text', text: said.get(id) ?? givesOf(tool) }],
      ...(tool.kind === 'local' && tool.fails && { is_error: true }),
    }));
  }

  /** The request tells of the tools behind the last answer; those that no server carried out are local. */
  #tell(agent: ScriptAgent, open: readonly Use[]): void {
    for (const { id, tool } of open) {
      if (tool.kind === 'mcp') continue;
      const ok = !(tool.kind === 'local' && tool.fails);
      this.steps.push({ agent: agent.id, kind: 'tool.local', resource: `tool/local/${nameOf(tool)}`, toolUseId: id, ok });
    }
  }

  ask(
    { agent, parent }: { readonly agent: ScriptAgent; readonly parent: string },
    history: readonly Message[],
    turn: ScriptTurn,
    uses: readonly Use[],
  ): void {
    this.#requests += 1;
    const body = { model: MODEL, max_tokens: 32_000, stream: true, system: SYSTEM, tools: TOOLS, messages: marked(history) };
    this.exchanges.push({
      to: 'model',
      agent: agent.id,
      headers: {
        'content-type': 'application/json',
        'anthropic-version': '2023-06-01',
        'user-agent': 'claude-cli/2.1.330 (external, sdk-cli)',
        'x-claude-code-session-id': SESSION,
        ...(agent.id !== '' && { 'x-claude-code-agent-id': agent.id }),
        ...(parent !== '' && { 'x-claude-code-parent-agent-id': parent }),
      },
      body: JSON.stringify(body),
      answer: stream(`msg_${this.#requests}`, turn.says, uses),
    });
    this.steps.push({ agent: agent.id, kind: 'model', resource: `model/anthropic/${MODEL}`, ok: true });
  }

  #callTool(agent: ScriptAgent, { id }: Use, tool: Extract<ScriptTool, { kind: 'mcp' }>): void {
    this.#requests += 1;
    const params = { name: tool.name, arguments: tool.input, _meta: { 'claudecode/toolUseId': id, progressToken: 1 } };
    const result = { content: [{ type: 'text', text: tool.gives }], isError: false };
    this.exchanges.push({
      to: 'mcp',
      agent: agent.id,
      headers: { 'content-type': 'application/json', 'user-agent': 'claude-code/2.1.330 (sdk-cli)', 'mcp-session-id': 's1' },
      body: JSON.stringify({ jsonrpc: '2.0', id: this.#requests, method: 'tools/call', params }),
      answer: JSON.stringify({ jsonrpc: '2.0', id: this.#requests, result }),
    });
    const resource = `tool/${tool.server}/${tool.name}`;
    this.steps.push({ agent: agent.id, kind: 'tool', resource, toolUseId: id, ok: true });
  }

  #useId(): string {
    this.#uses += 1;
    return `toolu_01${String(this.#uses).padStart(22, '0')}`;
  }
}

const SYSTEM = [
  { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=sdk-cli;' },
  { type: 'text', text: 'You are a coding agent.', cache_control: { type: 'ephemeral' } },
];
const TOOLS = ['Bash', 'Read', 'Edit', 'Write', 'Grep', 'WebFetch', 'Task', 'mcp__github__get_issue'].map((name) => ({
  name,
  description: `The tool ${name}.`,
  input_schema: { type: 'object', properties: {} },
}));

function message(role: Message['role'], ...content: readonly Block[]): Message {
  return { role, content };
}

function text(said: string): Block {
  return { type: 'text', text: said };
}

/** The last block of a history is marked for the cache, so that the same result is not always the same bytes. */
function marked(history: readonly Message[]): readonly Message[] {
  return history.map(({ role, content }, index) => {
    if (index < history.length - 1) return { role, content };
    const last = { ...(content.at(-1) as Block), cache_control: { type: 'ephemeral' } };
    return { role, content: [...content.slice(0, -1), last] };
  });
}

function nameOf(tool: ScriptTool): string {
  if (tool.kind === 'agent') return 'Task';
  return tool.kind === 'mcp' ? `mcp__${tool.server}__${tool.name}` : tool.name;
}

function inputOf(tool: ScriptTool): object {
  return tool.kind === 'agent' ? { description: tool.agent.prompt, subagent_type: 'general' } : tool.input;
}

function givesOf(tool: ScriptTool): string {
  return tool.kind === 'agent' ? '' : tool.gives;
}

function useBlock({ id, tool }: Use): Block {
  return { type: 'tool_use', id, name: nameOf(tool), input: inputOf(tool) };
}

const PIECE = 7;

function stream(id: string, says: string, uses: readonly Use[]): string {
  const usage = { input_tokens: 10, cache_read_input_tokens: 1_000, cache_creation_input_tokens: 0, output_tokens: 1 };
  const start = { id, type: 'message', role: 'assistant', model: MODEL, content: [], stop_reason: null, usage };
  return [
    { type: 'message_start', message: start },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: says } },
    { type: 'content_block_stop', index: 0 },
    ...uses.flatMap((use, position) => useEvents(use, position + 1)),
    {
      type: 'message_delta',
      delta: { stop_reason: uses.length > 0 ? 'tool_use' : 'end_turn' },
      usage: { output_tokens: 20 },
    },
    { type: 'message_stop' },
  ]
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('');
}

function useEvents({ id, tool }: Use, index: number) {
  const json = JSON.stringify(inputOf(tool));
  const pieces = Array.from({ length: Math.ceil(json.length / PIECE) }, (_, at) => json.slice(at * PIECE, (at + 1) * PIECE));
  return [
    { type: 'content_block_start', index, content_block: { type: 'tool_use', id, name: nameOf(tool), input: {} } },
    ...['', ...pieces].map((piece) => {
      return { type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: piece } };
    }),
    { type: 'content_block_stop', index },
  ];
}
