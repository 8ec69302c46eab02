/* oxlint-disable unicorn/no-thenable -- the language's own word */
// Two gateways over one Redis, and everything that Redis is asked, in its order: how often a call asks, and that nothing is
// admitted behind a kill or a label.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { RunId } from '../src/core/ids.ts';
import { stopBy } from './runs/stores.ts';
import { CHAT, chatUpstream, completion, postChat } from './support/chat.ts';
import { type InProcess, startInProcess } from './support/in-process.ts';
import { seededRandom } from './support/random.ts';
import { type RedisServer, startRedis } from './support/redis.ts';
import { type Command, type RedisWatch, watchRedis } from './support/redis-watch.ts';
import { type ScriptedUpstream, scriptedUpstream } from './support/upstream.ts';
import { token } from './support/waygate.ts';

const AGENT = { session: 'x-claude-code-session-id', agent: 'x-claude-code-agent-id' };

const POLICY = {
  policy: 'swarm',
  rules: [
    { id: 'all', allow: 'model.generate' },
    { id: 'web', allow: 'model.generate', on: 'model/up/web', then: { label: 'saw-untrusted' } },
    { id: 'out', deny: 'model.generate', on: 'model/up/mail', when: '"saw-untrusted" in run.labels' },
  ],
  limits: [
    { id: 'ceiling', budget: '1000 USD', every: 'day', per: 'subject' },
    { id: 'tree', budget: '100 USD', per: 'run.root', reserve: '1 USD for final' },
    { id: 'node', budget: '100 USD', per: 'run' },
    { id: 'size', max: { depth: 4, children: 1_000, steps: 100_000 } },
  ],
};

describe.runIf(inject('redisIsReal'))('two gateways over one Redis', () => {
  let redis: RedisServer;
  let upstream: ScriptedUpstream;
  let gateways: readonly InProcess[];
  let watch: RedisWatch;
  let bearer: string;

  beforeAll(async () => {
    redis = await startRedis();
    upstream = await scriptedUpstream();
  });
  afterAll(async () => {
    await upstream.close();
    await redis.stop();
  });
  beforeEach(async () => {
    upstream.answer = completion;
    const store = { kind: 'redis', url: redis.url, commandTimeoutMs: 200 };
    const config = { upstreams: { up: chatUpstream(upstream.url) }, store, limits: { waitMs: 0 } };
    gateways = [await startInProcess(config, POLICY), await startInProcess(config, POLICY)];
    bearer = await token({ sub: crypto.randomUUID() });
    watch = await watchRedis(redis.url);
    // The scripts are there from now on.
    for (const at of [0, 1]) await answered(() => call(at, { 'waygate-run': `warm/${at}` }));
    await expect.poll(() => questions(0).filter((name) => name === 'settle')).toHaveLength(2);
  });
  afterEach(async () => {
    watch.close();
    await Promise.all(gateways.map((gateway) => gateway.close()));
  });

  function call(at: number, headers: Record<string, string>, model = 'small'): Promise<Response> {
    const all = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', ...headers };
    return postChat((gateways[at] as InProcess).url, bearer, { ...CHAT, model }, { headers: all });
  }

  /** Asks again where Redis was late, as it is on a machine that stalls. */
  async function answered(ask: () => Promise<Response>): Promise<string> {
    let answer = await ask();
    for (; answer.status === 503; answer = await ask()) await answer.arrayBuffer();
    await answer.arrayBuffer();
    expect(answer.status).toBe(200);
    return answer.headers.get('waygate-run') ?? '';
  }

  const runOf = async (path: string): Promise<RunId> =>
    (await answered(() => call(0, { 'waygate-run': path }))) as RunId;

  /** What calls asked of the tenant; what is looked at and written beside them is nobody's. */
  const questions = (from: number): readonly string[] =>
    watch.commands
      .slice(from)
      .filter(
        ({ name, isInner, args }) =>
          !isInner && name !== 'changes' && name !== 'steps' && args.some((arg) => arg.includes('{acme}')),
      )
      .map(({ name }) => name);

  /** The questions of one call, its settlement included. */
  async function asked(headers: Record<string, string>): Promise<readonly string[]> {
    const from = watch.commands.length;
    await answered(() => call(0, headers));
    await expect.poll(() => questions(from)).toContain('settle');
    await watch.caughtUp();
    return questions(from);
  }

  test('a call in a known run asks once before and once after, the first of a tree once more', async () => {
    expect(await asked({ 'waygate-run': 'a' })).toEqual(['open', 'admit', 'settle']);
    expect(await asked({ 'waygate-run': 'a' })).toEqual(['admit', 'settle']);
    expect(await asked({ 'waygate-run': 'a/b/c' }), 'a run that says its place').toEqual(['admit', 'settle']);
    expect(await asked({ 'waygate-run': 'x/y/z' }), 'another tree').toEqual(['open', 'admit', 'settle']);
    const nested = { [AGENT.session]: 's', [AGENT.agent]: 'a1', 'x-claude-code-parent-agent-id': 'a0' };
    expect(await asked({ [AGENT.session]: 's' })).toEqual(['open', 'admit', 'settle']);
    expect(await asked(nested), 'a run whose place only the store knows').toEqual(['open', 'admit', 'settle']);
    expect(await asked(nested)).toEqual(['admit', 'settle']);
  });

  test.each<[string, (agent: number) => Record<string, string>]>([
    ['by a header', (agent) => ({ 'waygate-run': `swarm/agent-${agent}` })],
    ['by hints of clients', (agent) => ({ [AGENT.session]: 'swarm', [AGENT.agent]: `agent-${agent}` })],
  ])(
    'a swarm of 300 runs and 13 calls each, told apart %s, asks 1.05 times a call or less before its answers',
    { timeout: 120_000 },
    async (_, headers) => {
      const [RUNS, CALLS, AGENTS] = [300, 13, 8];
      const from = watch.commands.length;
      let next = 0;
      let calls = 0;
      const agent = async (): Promise<void> => {
        while (next < RUNS) {
          const name = next++;
          for (let step = 0; step < CALLS; step += 1)
            await answered(() => {
              calls += 1;
              return call((name + step) % 2, headers(name));
            });
        }
      };
      await Promise.all(Array.from({ length: AGENTS }, agent));
      await watch.caughtUp();
      const before = questions(from).filter((name) => name !== 'settle');
      expect(new Set(before)).toEqual(new Set(['open', 'admit']));
      // Of a tree each gateway asks once, but for first calls that come together.
      expect(before.filter((name) => name === 'open').length).toBeLessThanOrEqual(AGENTS);
      expect(before.length / calls).toBeLessThanOrEqual(1.05);
    },
  );

  /** Where a step of a run was counted, among all commands. */
  const stepsOf = (run: RunId): readonly number[] =>
    watch.commands.flatMap(({ name, args: [key, field], isInner }, index) =>
      isInner && name === 'hincrby' && key === `wg:{acme}:run:${run}` && field === 'st' ? [index] : [],
    );
  const placeOf = (is: (command: Command) => boolean): number => watch.commands.findIndex(is);

  const AT_ONCE = 40;

  /** Makes calls, so many at once, and in the midst of them a change. */
  async function midst(
    calls: readonly (() => Promise<Response>)[],
    change: () => Promise<unknown>,
  ): Promise<readonly number[]> {
    const statuses: number[] = [];
    let next = 0;
    let changing: Promise<unknown> | undefined;
    const caller = async (): Promise<void> => {
      for (let make = calls[next++]; make; make = calls[next++]) {
        const answer = await make();
        await answer.arrayBuffer();
        statuses.push(answer.status);
        if (statuses.length > AT_ONCE) changing ??= change();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, caller));
    await changing;
    return statuses;
  }

  test.each([1, 2, 3])(
    'of 200 calls around a kill none is admitted behind it, whichever gateway it took (seed %i)',
    { timeout: 60_000 },
    async (seed) => {
      const random = seededRandom(seed);
      const [root, child, leaf, spared] = [
        await runOf('k'),
        await runOf('k/a'),
        await runOf('k/a/b'),
        await runOf('k/s'),
      ];
      const paths = ['k/a', 'k/a/b', 'k/s'];
      const calls = Array.from(
        { length: 200 },
        (_, index) => () => call(index % 2, { 'waygate-run': paths[random.between(0, 2)] as string }),
      );
      const store = (gateways[0] as InProcess).waygate.operating.store;
      const statuses = await midst(calls, () => store.stop({ tenant: 'acme', root, run: child }, stopBy('killed')));
      await watch.caughtUp();
      const killed = placeOf(({ name, args, isInner }) => isInner && name === 'hset' && args.includes(`s:${child}`));
      expect(killed).toBeGreaterThan(0);
      for (const run of [child, leaf])
        expect(
          stepsOf(run).filter((place) => place > killed),
          run,
        ).toEqual([]);
      expect(
        stepsOf(spared).some((place) => place > killed),
        'the branch beside it goes on',
      ).toBe(true);
      expect(new Set(statuses.filter((status) => status !== 503))).toEqual(new Set([200, 403]));
    },
  );

  test.each([4, 5, 6])(
    'of 200 calls around a label none gets out behind it (seed %i)',
    { timeout: 60_000 },
    async (seed) => {
      const random = seededRandom(seed);
      const [root, out] = [await runOf('t'), await runOf('t/out')];
      const calls = Array.from(
        { length: 200 },
        (_, index) => () => call(index % 2, { 'waygate-run': 't/out' }, 'mail'),
      );
      const statuses = await midst(calls, () =>
        answered(() => call(random.between(0, 1), { 'waygate-run': 't/in' }, 'web')),
      );
      await watch.caughtUp();
      const labelled = placeOf(
        ({ name, args: [key, field], isInner }) =>
          isInner && name === 'hsetnx' && key === `wg:{acme}:tree:${root}` && field === 'l:saw-untrusted',
      );
      expect(labelled).toBeGreaterThan(0);
      expect(stepsOf(out).filter((place) => place > labelled)).toEqual([]);
      expect(new Set(statuses.filter((status) => status !== 503))).toEqual(new Set([200, 403]));
    },
  );
});
