// What every store of uses must do. Run on memory and on Redis.
import { beforeEach, describe, expect, test } from 'vitest';
import { digestOf, sha256 } from '../../src/core/digest.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { AskedUse, UseStore } from '../../src/runs/tool-use.ts';
import { freshTenant } from '../limits/ledger.ts';
import { carried, principal, told } from './traffic.ts';

const path = (...names: readonly string[]) => names as readonly RunId[];

/** A use of a tool of a server, as Claude Code has it. */
function asked(id: string, parts: Partial<AskedUse> = {}): AskedUse {
  const name = 'mcp__github__get_issue';
  return { principal: principal().id, id, name, argsDigest: digestOf({ n: 1 }), path: path('root', 'child'), ...parts };
}

export function useContract(name: string, make: () => UseStore): void {
  describe(`what is known of tools: ${name}`, () => {
    let tenant: string;
    let store: UseStore;

    beforeEach(() => {
      tenant = freshTenant();
      store = make();
    });

    const fates = async (...uses: Parameters<UseStore['tell']>[1]) =>
      (await store.tell(tenant, uses)).map(({ fate }) => fate);

    test('a call with the id of a use belongs to the run whose model asked for it, however often it comes', async () => {
      await store.remember(tenant, [asked('a', { argsDigest: '' }), asked('b', { path: path('other') })]);
      const call = carried('a', { name: 'renamed', argsDigest: digestOf({ changed: true }) });
      expect(await store.join(tenant, call)).toEqual(['root', 'child']);
      expect(await store.join(tenant, call)).toEqual(['root', 'child']);
      expect(await store.join(tenant, carried('b'))).toEqual(['other']);
    });

    test('a call without one, or with one that nobody knows, by name and arguments, the longest open first', async () => {
      await store.remember(tenant, [asked('a', { path: path('one') }), asked('b', { path: path('two') })]);
      await store.remember(tenant, [asked('c', { name: 'mcp__github__list', path: path('three') })]);
      expect(await store.join(tenant, carried(undefined))).toEqual(['one']);
      expect(await store.join(tenant, carried('of another kind'))).toEqual(['two']);
      // Nothing is open any more: the call is repeated.
      expect(await store.join(tenant, carried(undefined))).toEqual(['two']);
      expect(await store.join(tenant, carried(undefined, { name: 'list' }))).toEqual(['three']);
    });

    test('a call that nobody asked for belongs nowhere', async () => {
      await store.remember(tenant, [asked('a')]);
      expect(await store.join(tenant, carried('b', { argsDigest: digestOf({ n: 2 }) }))).toBeUndefined();
      expect(await store.join(tenant, carried(undefined, { name: 'issue_get' }))).toBeUndefined();
    });

    test.each([
      ['another principal', { principal: principal('reviewer').id }],
      ['another name', { name: 'issue' }],
    ])('what one model asked for is not found with %s', async (_, parts) => {
      await store.remember(tenant, [asked('a', { name: 'mcp__github__getissue' })]);
      expect(await store.join(tenant, carried(undefined, parts))).toBeUndefined();
      expect(await store.join(freshTenant(), carried('a'))).toBeUndefined();
    });

    test('no more than eight uses with the same arguments are open: the newest', async () => {
      for (let index = 0; index < 10; index += 1) {
        await store.remember(tenant, [asked(`u${index}`, { path: path(`r${index}`) })]);
      }
      expect(await store.join(tenant, carried(undefined))).toEqual(['r2']);
    });

    test('what came by as a call is told apart from what did not, and what is told again from what is new', async () => {
      await store.remember(tenant, [asked('a'), asked('b', { name: 'Bash' })]);
      await store.join(tenant, carried('a'));
      expect(await fates(told('a'), told('b'), told('c'))).toEqual(['gateway', 'new', 'new']);
      expect(await fates(told('a'), told('b'), told('c'))).toEqual(['gateway', 'known', 'known']);
    });

    test('a use is known to have come by, though its answer is remembered only later', async () => {
      await store.join(tenant, carried('a', { argsDigest: digestOf({ other: 1 }) }));
      await store.remember(tenant, [asked('a')]);
      expect(await fates(told('a'))).toEqual(['gateway']);
      expect(await store.join(tenant, carried('a'))).toEqual(['root', 'child']);
    });

    test('a use that is remembered twice is still the one that came by', async () => {
      await store.remember(tenant, [asked('a')]);
      await store.join(tenant, carried('a'));
      await store.remember(tenant, [asked('a')]);
      expect(await fates(told('a'))).toEqual(['gateway']);
    });

    test('an id that a provider gives again is another use', async () => {
      const again = (result: string) =>
        told('call_0', { argsDigest: digestOf({ n: 1 }), resultDigest: sha256(result) });
      await store.remember(tenant, [asked('call_0', { name: 'Bash' })]);
      expect(await fates(again('one'))).toEqual(['new']);
      expect(await fates(again('two'))).toEqual(['new']);
      await store.remember(tenant, [asked('call_0', { name: 'Bash' })]);
      await store.join(tenant, carried(undefined, { name: 'Bash' }));
      expect(await fates(again('three'))).toEqual(['gateway']);
    });

    test('the name of a use is told where the request has none', async () => {
      await store.remember(tenant, [asked('a', { name: 'Bash it' })]);
      expect(await store.tell(tenant, [told('a', { name: '', argsDigest: '' }), told('z', { name: '' })])).toEqual([
        { fate: 'new', name: 'Bash it' },
        { fate: 'new', name: '' },
      ]);
    });

    test('uses without ids are matched by name and arguments: as many came by as were called', async () => {
      const digest = digestOf({ n: 1 });
      const use = (id: string) => asked(id, { name: 'get_issue', argsDigest: digest });
      await store.remember(tenant, [use('~1'), use('~2')]);
      await store.join(tenant, carried(undefined));
      const own = (id: string) => told(id, { name: 'get_issue', argsDigest: digest });
      expect(await fates(own('~x'), own('~y'))).toEqual(['gateway', 'new']);
      expect(await fates(own('~x'), own('~y'))).toEqual(['gateway', 'known']);
    });
  });
}
