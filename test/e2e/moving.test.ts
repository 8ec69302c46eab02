/* oxlint-disable unicorn/no-thenable -- the language's own word */
// Another replica changes a run between the decision on a call and its admission: what was decided on what is no longer so is
// never sent. The whole pipeline over a real socket; only the moment of each change is the test's.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RunId } from '../../src/core/ids.ts';
import type { Run, Stop } from '../../src/core/run.ts';
import { ANY_TREE } from '../../src/limits/run-admission.ts';
import type { AdmitRequest, AdmitResult, LedgerStore } from '../../src/limits/store.ts';
import { admitIn, stopBy } from '../runs/stores.ts';
import { CHAT, chatUpstream, completion, postChat } from '../support/chat.ts';
import { type InProcess, startInProcess } from '../support/in-process.ts';
import { seededRandom } from '../support/random.ts';
import { rootRun } from '../support/runs.ts';
import { type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { token } from '../support/waygate.ts';

/** What the other replica has done by then. */
interface Moment {
  readonly labelled: boolean;
  readonly stopped: 'killed' | 'paused' | undefined;
  readonly steps: number;
}

/** Between a call's decision and its admission, and behind its admission. */
interface Seam {
  before: (request: AdmitRequest) => Promise<void>;
  /** What stands at the very moment of the admission, for `after`. */
  moment: () => Moment;
  after: (request: AdmitRequest, result: AdmitResult, moment: Moment) => void;
  store: LedgerStore | undefined;
}

const seam = vi.hoisted((): Seam => ({
  before: async () => {},
  moment: () => ({ labelled: false, stopped: undefined, steps: 0 }),
  after: () => {},
  store: undefined,
}));

vi.mock(import('../../src/limits/memory.ts'), async (load) => {
  const real = await load();
  return {
    ...real,
    memoryStore(source) {
      const store = real.memoryStore(source);
      seam.store = store;
      const admit: LedgerStore['admit'] = async (request) => {
        await seam.before(request);
        const moment = seam.moment();
        const result = await store.admit(request);
        seam.after(request, result, moment);
        return result;
      };
      return { ...store, admit };
    },
  };
});

const POLICY = {
  policy: 'moving',
  rules: [
    { id: 'all', allow: 'model.generate' },
    { id: 'web', allow: 'model.generate', on: 'model/up/web', then: { label: 'saw-untrusted' } },
    { id: 'mail', deny: 'model.generate', on: 'model/up/mail', when: '"saw-untrusted" in run.labels' },
    { id: 'early', deny: 'model.generate', on: 'model/up/early', when: 'run.steps >= 3' },
    { id: 'some', deny: 'model.generate', on: 'model/up/some', when: 'run.steps >= 30' },
  ],
  limits: [{ id: 'one', concurrency: 1, per: 'run.root', on: 'model/up/{slow,mail}', wait: '10s' }],
};

let upstream: ScriptedUpstream;
let gateway: InProcess;
let bearer: string;
let root: Run;

beforeEach(async () => {
  upstream = await scriptedUpstream();
  upstream.answer = completion;
  seam.before = async () => {};
  seam.after = () => {};
  seam.moment = () => ({ labelled: false, stopped: undefined, steps: 0 });
  gateway = await startInProcess({ upstreams: { up: chatUpstream(upstream.url) }, limits: { waitMs: 100 } }, POLICY);
  bearer = await token();
  root = rootRun(await begin('task'));
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

function call(model: string, path = 'task'): Promise<Response> {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', 'waygate-run': path };
  return postChat(gateway.url, bearer, { ...CHAT, model }, { headers });
}

/** Makes the first call of a run; gives its id. */
async function begin(path: string): Promise<string> {
  const answer = await call('small', path);
  expect(answer.status).toBe(200);
  return answer.headers.get('waygate-run') ?? '';
}

const codeOf = async (answer: Response): Promise<unknown> =>
  ((await answer.json()) as { readonly error?: { readonly code?: string } }).error?.code;
const sent = (model: string): number =>
  upstream.received.filter(({ body }) => body.includes(`"model":"${model}"`)).length;

/** What another replica does, by what it knows itself. */
const replica = {
  async calls(run: Run, labels: readonly string[] = []): Promise<void> {
    const store = seam.store as LedgerStore;
    expect(await admitIn(store, 'acme', { ...run, tree: ANY_TREE }, { labels })).toMatchObject({ kind: 'admitted' });
  },
  stops: (stop: Stop | undefined, run: RunId = root.id): Promise<boolean> =>
    gateway.waygate.operating.store.stop({ tenant: 'acme', root: root.id, run }, stop),
  stopsAll: (stop: Stop): Promise<boolean> =>
    gateway.waygate.operating.store.stop({ tenant: 'acme', scope: '*' }, stop),
  facts: async () => (await gateway.waygate.operating.store.open('acme', { ...root, parent: undefined })).tree,
};

/** Does something once, in the moment after the next decision. */
function afterDecision(change: () => Promise<unknown>): void {
  seam.before = async () => {
    seam.before = async () => {};
    await change();
  };
}

describe('a call that was decided on what has changed since', () => {
  test('is judged anew by the labels of now', async () => {
    expect((await call('mail')).status).toBe(200);
    afterDecision(() => replica.calls(root, ['saw-untrusted']));
    const refused = await call('mail');
    expect([refused.status, await codeOf(refused)]).toEqual([403, 'policy.denied']);
    expect(sent('mail')).toBe(1);
  });

  test.each(['killed', 'draining', 'done'] as const)('is not sent in a run that is %s by then', async (state) => {
    afterDecision(() => replica.stops(stopBy(state)));
    expect((await call('small')).status).toBe(403);
    expect(sent('small')).toBe(1);
  });

  test('is not sent below a run, nor in a tenant, that was killed meanwhile', async () => {
    await begin('task/child/leaf');
    afterDecision(() => replica.stops(stopBy('killed')));
    expect(await codeOf(await call('small', 'task/child/leaf'))).toBe('run.killed');
    await begin('other');
    afterDecision(() => replica.stopsAll(stopBy('killed')));
    expect(await codeOf(await call('small', 'other'))).toBe('run.killed');
    afterDecision(() => Promise.resolve());
    expect(await codeOf(await call('small', 'a-new-one'))).toBe('run.killed');
    expect(sent('small')).toBe(3);
  });

  test('is judged anew where a counter that it was judged by has left its range', async () => {
    expect((await call('early')).status).toBe(200);
    afterDecision(() => replica.calls(root));
    const refused = await call('early');
    expect([refused.status, await codeOf(refused)]).toEqual([403, 'policy.denied']);
    expect(sent('early')).toBe(1);
  });

  test('passes where the change does not matter to it, and is counted once', async () => {
    const { counts } = await replica.facts();
    afterDecision(() => replica.calls(root, ['other']));
    expect((await call('small')).status).toBe(200);
    expect((await replica.facts()).counts.get('steps')).toBe((counts.get('steps') ?? 0) + 2);
    expect(sent('small')).toBe(2);
  });

  test('is judged anew after a wait for room as well', async () => {
    const held = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    upstream.answer = (request, response) => {
      arrived.resolve();
      void held.promise.then(() => completion(request, response));
    };
    const first = call('slow');
    await arrived.promise;
    const waiting = Promise.withResolvers<void>();
    seam.after = (_, { kind }) => void (kind === 'exceeded' && waiting.resolve());
    const second = call('mail');
    await waiting.promise;
    await replica.calls(root, ['saw-untrusted']);
    held.resolve();
    expect((await first).status).toBe(200);
    expect(await codeOf(await second)).toBe('policy.denied');
    expect(sent('mail')).toBe(0);
  });

  test('is refused when its run has moved ten times, and asks the store no more', async () => {
    let moves = 0;
    seam.before = async () => {
      moves += 1;
      await replica.calls(root, [`label-${moves}`]);
    };
    const refused = await call('small');
    expect([refused.status, await codeOf(refused)]).toEqual([503, 'run.moved']);
    expect(moves).toBe(10);
    expect(sent('small')).toBe(1);
    expect((await replica.facts()).counts.get('steps'), 'the ten of the other replica alone').toBe(11);
  });

  test('passes when its run has moved nine times', async () => {
    let moves = 0;
    seam.before = async () => {
      moves += 1;
      if (moves < 10) await replica.calls(root, [`label-${moves}`]);
    };
    expect((await call('small')).status).toBe(200);
    expect([moves, sent('small')]).toEqual([10, 2]);
  });
});

describe('calls at once, while another replica does what it likes', () => {
  test.each([1, 2, 3, 4, 5])('none is admitted against the state of that very moment (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const paths = ['task', 'task/a', 'task/a/b', 'task/c'];
    for (const path of paths) await begin(path);
    const steps = (await replica.facts()).counts.get('steps') ?? 0;
    let now: Moment = { labelled: false, stopped: undefined, steps };
    let admissions = 0;
    const wrong: string[] = [];
    seam.moment = () => now;
    seam.after = ({ run }, { kind }, { labelled, stopped, steps: others }) => {
      if (kind !== 'admitted' || !run) return;
      const before = others + admissions;
      admissions += 1;
      const limit = run.counts.find(({ name }) => name === 'steps')?.below ?? Infinity;
      if (stopped) wrong.push(`a call in a run that was ${stopped}`);
      if (run.run.tree.labels.has('saw-untrusted') !== labelled) wrong.push('a call by other labels');
      if (before >= limit) wrong.push(`a call judged for fewer than ${limit} steps after ${before}`);
    };
    // The store in memory changes before it gives its promise, so that `now` is true at every moment.
    const stop = (stopped: Moment['stopped']): Promise<boolean> => {
      now = { ...now, stopped };
      return replica.stops(stopped && stopBy(stopped));
    };
    const step = (labels: readonly string[] = []): Promise<void> => {
      now = { ...now, steps: now.steps + 1, labelled: now.labelled || labels.length > 0 };
      return replica.calls(root, labels);
    };
    seam.before = async () => {
      const dice = random.next();
      if (now.stopped === 'killed') return;
      if (dice < 0.04) await step(['saw-untrusted']);
      else if (dice < 0.12) await step();
      else if (dice < 0.16) await stop('paused');
      else if (dice < 0.4 && now.stopped === 'paused') await stop(undefined);
      else if (admissions > 40 && dice > 0.9) await stop('killed');
    };
    const models = ['mail', 'some', 'some', 'small'];
    const answers = await Promise.all(
      Array.from({ length: 120 }, async () => {
        const pick = <T>(list: readonly T[]): T => list[random.between(0, list.length - 1)] as T;
        const answer = await call(pick(models), pick(paths));
        await answer.arrayBuffer();
        return answer.status;
      }),
    );
    expect(wrong).toEqual([]);
    expect(answers.filter((status) => status === 200).length).toBe(admissions);
    expect(admissions).toBeGreaterThan(0);
    expect(upstream.received.length).toBe(1 + paths.length + admissions);
  });
});
