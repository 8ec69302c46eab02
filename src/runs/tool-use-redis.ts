// Uses of tools in Redis, shared by all replicas. Keys hold digests, so that no id and no argument of a tool is kept.
import { sha256 } from '../core/digest.ts';
import type { RunId } from '../core/ids.ts';
import { tenantPrefix } from '../core/store-keys.ts';
import { runScript, type ScriptClient } from './scripts.ts';
import { ALIKE_MAX, type Fate, tellingOf, type Told, USE_MS, type UseStore } from './tool-use.ts';

const REMEMBER = runScript('uses', 'uses-remember');
const JOIN = runScript('uses', 'uses-join');
const TELL = runScript('uses', 'uses-tell');
const TTL = String(USE_MS);

/** Rejects where the connection does. */
export function redisUses(client: ScriptClient): UseStore {
  return {
    async remember(tenant, uses) {
      const keys = uses.flatMap((use) => {
        const own = useKey(tenant, use);
        return [own, use.argsDigest === '' ? own : alikeKey(tenant, use)];
      });
      const words = uses.flatMap(({ argsDigest, path, name }) => [argsDigest, path.join('/'), name]);
      await client.run(() => ({ script: REMEMBER, keys, args: [TTL, String(ALIKE_MAX), ...words] }));
    },

    async join(tenant, { principal, id, name, argsDigest }) {
      const named = id === undefined ? [] : [useKey(tenant, { principal, id })];
      const keys = [alikeKey(tenant, { principal, argsDigest }), ...named];
      const path = await client.run(() => ({ script: JOIN, keys, args: [TTL, argsDigest, name] }));
      return typeof path === 'string' && path !== '' ? (path.split('/') as RunId[]) : undefined;
    },

    async tell(tenant, uses) {
      const keys = uses.flatMap((use) => [useKey(tenant, use), alikeKey(tenant, use)]);
      const words = uses.flatMap((use) => [
        tellingOf(use),
        use.argsDigest,
        use.name,
        use.id.startsWith('~') ? '1' : '0',
      ]);
      const lines = await client.run(() => ({ script: TELL, keys, args: [TTL, ...words] }));
      return String(lines).split('\n').map(toldOf);
    },
  };
}

function toldOf(line: string): Told {
  const space = line.indexOf(' ');
  return { fate: line.slice(0, space) as Fate, name: line.slice(space + 1) };
}

function useKey(tenant: string, { principal, id }: { readonly principal: string; readonly id: string }): string {
  return `${tenantPrefix(tenant)}use:${sha256(`${principal}\n${id}`).slice(0, 32)}`;
}

function alikeKey(tenant: string, use: { readonly principal: string; readonly argsDigest: string }): string {
  return `${tenantPrefix(tenant)}uses:${sha256(`${use.principal}\n${use.argsDigest}`).slice(0, 32)}`;
}
