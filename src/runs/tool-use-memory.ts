// Uses of tools in this process's memory: for one gateway, and beside a shared store for what this process has seen itself.
// INVARIANT: it answers as scripts/uses.lua does (test/runs/tool-use-contract.ts).
import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import type { RunId } from '../core/ids.ts';
import {
  ALIKE_MAX,
  type AskedUse,
  type CarriedOut,
  type Joined,
  type MemoryUses,
  namesTool,
  tellingOf,
  type Told,
  type ToldUse,
  USE_MS,
  type UseStore,
} from './tool-use.ts';

interface Use {
  readonly id: string;
  readonly name: string;
  readonly argsDigest: string;
  /** Undefined for a call that came by before anybody knew who asked for it. */
  readonly path: readonly RunId[] | undefined;
  readonly state: 'asked' | 'joined' | 'told';
  /** Of what was told of it. */
  readonly told: string;
}

interface Alike extends Use {
  readonly key: string;
}

const USES_MAX = 50_000;

export function memoryUses({ clock }: { readonly clock: Clock }): MemoryUses {
  const options = { max: USES_MAX, ttl: USE_MS, ttlResolution: 0, perf: { now: () => clock.now() } };
  const uses = new LRUCache<string, Use>(options);
  /** Keys of uses, by principal and arguments, in the order in which they were asked for. */
  const alike = new LRUCache<string, readonly string[]>(options);

  function remember(tenant: string, asked: AskedUse): void {
    const { id, name, argsDigest, path } = asked;
    const key = useKey(tenant, asked);
    const before = uses.get(key);
    const isSame = before?.name === name && before.argsDigest === argsDigest && before.state !== 'told';
    const cameBefore = before?.state === 'joined' && before.path === undefined;
    if (!isSame || cameBefore)
      uses.set(key, { id, name, argsDigest, path, state: cameBefore ? 'joined' : 'asked', told: '' });
    if (argsDigest === '') return;
    const among = alikeKey(tenant, asked);
    const others = (alike.get(among) ?? []).filter((other) => other !== key);
    alike.set(among, [...others, key].slice(-ALIKE_MAX));
  }

  function alikeOf(tenant: string, use: { readonly principal: string; readonly argsDigest: string }): readonly Alike[] {
    return (alike.get(alikeKey(tenant, use)) ?? []).flatMap((key) => {
      const found = uses.get(key);
      return found ? [{ ...found, key }] : [];
    });
  }

  function move({ key, ...use }: Alike, state: Use['state']): void {
    uses.set(key, { ...use, state });
  }

  function joinById(tenant: string, call: CarriedOut & { readonly id: string }): Joined | undefined {
    const { principal, id, name, argsDigest } = call;
    const key = useKey(tenant, { principal, id });
    const use = uses.get(key);
    if (!use) uses.set(key, { id, name, argsDigest, path: undefined, state: 'joined', told: '' });
    else if (use.state === 'asked') uses.set(key, { ...use, state: 'joined' });
    return use && joined(use);
  }

  function joinByArgs(tenant: string, call: CarriedOut): Joined | undefined {
    const fitting = alikeOf(tenant, call).filter(({ name }) => namesTool(name, call.name));
    const open = fitting.find(({ state }) => state === 'asked');
    if (open) move(open, 'joined');
    const use = open ?? fitting.at(-1);
    return use && joined(use);
  }

  function known(tenant: string, told: ToldUse): Told | undefined {
    const use = uses.get(useKey(tenant, told));
    if (use?.state === 'joined') return { fate: 'gateway', name: use.name };
    return use?.state === 'told' && use.told === tellingOf(told) ? { fate: 'known', name: use.name } : undefined;
  }

  function tell(tenant: string, told: ToldUse): Told {
    const before = known(tenant, told);
    if (before) return before;
    const key = useKey(tenant, told);
    const use = uses.get(key);
    const own = told.id.startsWith('~') ? alikeOf(tenant, told).filter(({ name }) => name === told.name) : [];
    const came = own.find(({ state }) => state === 'joined');
    const next = came ?? own.find(({ state }) => state === 'asked');
    if (next) move(next, 'told');
    const name = use?.name ?? told.name;
    const state = came ? 'joined' : 'told';
    uses.set(key, { id: told.id, name, argsDigest: told.argsDigest, path: use?.path, state, told: tellingOf(told) });
    return { fate: came ? 'gateway' : 'new', name };
  }

  return {
    remember: (tenant, asked) => asked.forEach((one) => remember(tenant, one)),
    joinById,
    joinByArgs,
    tell,
    known,
  };
}

/** The store of a gateway that has no other. */
export function memoryUseStore(uses: MemoryUses): UseStore {
  return {
    remember: async (tenant, asked) => uses.remember(tenant, asked),
    async join(tenant, call) {
      const { id } = call;
      const byId = id === undefined ? undefined : uses.joinById(tenant, { ...call, id });
      return (byId ?? uses.joinByArgs(tenant, call))?.path;
    },
    tell: async (tenant, told) => told.map((one) => uses.tell(tenant, one)),
  };
}

function joined({ id, path, state }: Use): Joined | undefined {
  return path && { id, path, wasOpen: state === 'asked' };
}

function useKey(tenant: string, { principal, id }: { readonly principal: string; readonly id: string }): string {
  return `${tenant}\n${principal}\n${id}`;
}

function alikeKey(tenant: string, use: { readonly principal: string; readonly argsDigest: string }): string {
  return `${tenant}\n${use.principal}\n${use.argsDigest}`;
}
