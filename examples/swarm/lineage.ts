// How the swarm says who belongs to whom: in headers that Claude Code sends by itself, or in tokens that the gateway makes.
import { setTimeout as pause } from 'node:timers/promises';
import type { Member } from './plan.ts';
import type { LineageKind } from './scene.ts';

/** What a member calls with. */
export interface Credential {
  readonly token: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Lineage {
  /** Of a member whose parent has one already. */
  credential(member: Member): Promise<Credential>;
}

export interface LineageSource {
  /** Of the gateways; exchanges take turns among them. */
  readonly urls: readonly string[];
  /** Of the person whose task it is. */
  readonly token: string;
}

export function lineageOf(kind: LineageKind, source: LineageSource): Lineage {
  return kind === 'hints' ? hints(source) : tokens(source);
}

/** One token for all; nothing but the names in the headers tells them apart. */
function hints({ token }: LineageSource): Lineage {
  const session = crypto.randomUUID();
  return {
    credential: ({ name, parent }) =>
      Promise.resolve({
        token,
        headers: {
          'x-claude-code-session-id': session,
          ...(parent && { 'x-claude-code-agent-id': name }),
          ...(parent?.parent && { 'x-claude-code-parent-agent-id': parent.name }),
        },
      }),
  };
}

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const RUN_KEY = 'urn:waygate:params:oauth:token-type:run-key';
const SECONDS = 1_800;
const TRIES = 5;
const TRY_AGAIN_MS = 2_000;

/** A token for each, made from its parent's (RFC 8693); the orchestrator has a run key, made from the person's. */
function tokens({ urls, token }: LineageSource): Lineage {
  const held = new Map<Member, string>();
  return {
    async credential(member) {
      const { parent, role, name, index } = member;
      const subject = parent ? held.get(parent) : token;
      if (subject === undefined) throw new Error(`\`${name}\` began before its parent`);
      const form = new URLSearchParams({
        grant_type: EXCHANGE,
        subject_token: subject,
        subject_token_type: parent?.parent === undefined && parent ? RUN_KEY : ACCESS_TOKEN,
        agent_name: role,
        run_name: name,
        expires_in: String(SECONDS),
        ...(!parent && { requested_token_type: RUN_KEY }),
      });
      const made = await exchange(urls[index % urls.length] as string, form);
      held.set(member, made);
      return { token: made, headers: {} };
    },
  };
}

async function exchange(url: string, body: URLSearchParams): Promise<string> {
  for (let left = TRIES; ; left -= 1) {
    const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body });
    const told = (await answer.json()) as { readonly access_token?: string; readonly error_description?: string };
    if (answer.ok && told.access_token !== undefined) return told.access_token;
    const what = `no token for \`${body.get('run_name')}\`: ${told.error_description ?? answer.status}`;
    if (left <= 1 || answer.status !== 503) throw new Error(what);
    await pause(TRY_AGAIN_MS);
  }
}
