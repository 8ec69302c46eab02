// Who works in the swarm: an orchestrator, leads, workers below them, helpers below those. Pure: the same numbers, the same plan.

/** One node of the task. */
export interface Member {
  /** Its place: 0 for the orchestrator. */
  readonly index: number;
  /** What clients call it; also the name of its run. */
  readonly name: string;
  /** What policies know it as, where tokens say so. */
  readonly role: Role;
  readonly parent: Member | undefined;
  /** From the orchestrator down to it. */
  readonly path: readonly string[];
  /** Calls that it is to make. */
  readonly steps: number;
}

export type Role = 'orchestrator' | 'lead' | 'worker' | 'helper';

export interface Plan {
  readonly members: readonly Member[];
  readonly childrenOf: ReadonlyMap<Member, readonly Member[]>;
  /** The lead whose branch is killed in the middle. */
  readonly doomed: Member;
}

const LEADS_MIN = 4;
const AGENTS_PER_LEAD = 12;
const WORKER_SHARE = 0.4;

/** `agents` below one orchestrator, up to three deep, and `steps` calls among all of them. */
export function planSwarm(agents: number, steps: number): Plan {
  const members: Member[] = [];
  const childrenOf = new Map<Member, Member[]>();
  const leads = Math.max(LEADS_MIN, Math.round(agents / AGENTS_PER_LEAD));
  const workers = Math.round(agents * WORKER_SHARE);
  for (let index = 0; index <= agents; index += 1) {
    const role = roleOf(index, { leads, workers });
    const parent = parentOf(index, { leads, workers });
    const above = parent === undefined ? undefined : members[parent];
    const name = `${role}-${index}`;
    const share = Math.floor(steps / (agents + 1)) + (index < steps % (agents + 1) ? 1 : 0);
    const member = { index, name, role, parent: above, path: [...(above?.path ?? []), name], steps: share };
    members.push(member);
    childrenOf.set(member, []);
    if (above) childrenOf.get(above)?.push(member);
  }
  return { members, childrenOf, doomed: members[1] as Member };
}

interface Shape {
  readonly leads: number;
  readonly workers: number;
}

function roleOf(index: number, { leads, workers }: Shape): Role {
  if (index === 0) return 'orchestrator';
  if (index <= leads) return 'lead';
  return index <= leads + workers ? 'worker' : 'helper';
}

function parentOf(index: number, { leads, workers }: Shape): number | undefined {
  if (index === 0) return undefined;
  if (index <= leads) return 0;
  if (index <= leads + workers) return 1 + ((index - leads - 1) % leads);
  return leads + 1 + ((index - leads - workers - 1) % workers);
}

export function isBelow(member: Member, top: Member): boolean {
  return member.path.includes(top.name);
}

/** Stands in every prompt and every tool's arguments, so that upstreams can tell by themselves whose call they serve. */
export function tagOf(member: Member, step: number): string {
  return `[${member.name} s${step}]`;
}

/** The name in the last tag of a text; undefined where it has none. */
export function taggedIn(text: string): string | undefined {
  return [...text.matchAll(/\[([a-z]+-\d+) s\d+\]/g)].at(-1)?.[1];
}
