import { describe, expect, test } from 'vitest';
import { NOW_MS, record, stop } from '../runs/records.ts';
import { type Answered, listening } from './listening.ts';

const root = record('run_root', undefined, { agent: 'orchestrator' });
const child = record('run_child', root);

async function withTree() {
  const opened = await listening();
  for (const run of [root, child]) opened.store.put('default', run);
  const target = { tenant: 'default', root: root.id };
  return {
    ...opened,
    turn: (id: string, verb: string, reason = 'so'): Promise<Answered> =>
      opened.ask(`/api/runs/${id}/${verb}`, { method: 'POST', body: { tenant: 'default', reason } }),
    onRoot: (state: Parameters<typeof stop>[0]) => opened.store.stop({ ...target, run: root.id }, stop(state)),
    onChild: (state: Parameters<typeof stop>[0]) => opened.store.stop({ ...target, run: child.id }, stop(state)),
  };
}

describe('a switch', () => {
  test.each([
    ['pause', 'paused'],
    ['drain', 'draining'],
    ['kill', 'killed'],
  ])('%s leaves the run %s, and says who did it and why', async (verb, state) => {
    const { turn, ask, actions } = await withTree();
    expect(await turn('run_child', verb, 'it loops')).toMatchObject({
      status: 200,
      body: { run: 'run_child', tenant: 'default', state, changed: true, tookMs: expect.any(Number) },
    });
    expect((await ask('/api/runs/run_child')).body).toMatchObject({
      state,
      stops: [
        {
          run: 'run_child',
          state,
          cause: 'person',
          by: 'olga',
          because: 'it loops',
          at: new Date(NOW_MS).toISOString(),
        },
      ],
    });
    expect((await ask('/api/runs/run_root')).body).toMatchObject({ state: 'live' });
    expect(actions).toEqual([
      {
        operator: { subject: 'olga', issuer: 'https://idp.test' },
        action: verb,
        target: { tenant: 'default', run: 'run_child' },
        reason: 'it loops',
      },
    ]);
  });

  test.each(['pause', 'drain'])('%s is taken back by a resume', async (verb) => {
    const { turn, store } = await withTree();
    await turn('run_root', verb);
    expect(await turn('run_root', 'resume')).toMatchObject({ status: 200, body: { state: 'live', changed: true } });
    expect(store.written.at(-1)).toBe('default run_root live');
  });

  test('that is as it stands changes nothing, and keeps who did it first', async () => {
    const { turn, onRoot, store, actions } = await withTree();
    await onRoot('killed');
    expect(await turn('run_root', 'kill')).toMatchObject({ status: 200, body: { state: 'killed', changed: false } });
    expect(await turn('run_child', 'kill')).toMatchObject({ status: 200, body: { state: 'killed', changed: false } });
    expect(store.written).toEqual(['default run_root killed']);
    expect(actions).toEqual([]);
  });

  test('of a run that is live already is no change', async () => {
    const { turn, actions } = await withTree();
    expect(await turn('run_root', 'resume')).toMatchObject({ status: 200, body: { state: 'live', changed: false } });
    expect(actions).toEqual([]);
  });

  test('from paused to draining, and back, is one', async () => {
    const { turn } = await withTree();
    await turn('run_root', 'pause');
    expect(await turn('run_root', 'drain')).toMatchObject({ body: { state: 'draining', changed: true } });
    expect(await turn('run_root', 'pause')).toMatchObject({ body: { state: 'paused', changed: true } });
  });
});

describe('what a switch cannot do is told in a sentence', () => {
  test('nobody brings a killed run back, nor pauses it', async () => {
    const { turn, onRoot, store, actions } = await withTree();
    await onRoot('killed');
    expect(await turn('run_root', 'resume')).toMatchObject({
      status: 409,
      body: {
        title: 'run.killed',
        detail: 'the run `run_root` was killed by `olga` and stays so; begin the work again as a new run',
      },
    });
    expect(await turn('run_child', 'resume')).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('the run `run_root` above it was killed by `olga`') },
    });
    for (const verb of ['pause', 'drain']) {
      expect(await turn('run_root', verb)).toMatchObject({
        status: 409,
        body: { detail: `the run \`run_root\` was killed by \`olga\` and stays so; there is nothing left to ${verb}` },
      });
    }
    expect(store.written).toEqual(['default run_root killed']);
    expect(actions).toEqual([]);
  });

  test('nor one that was killed between the look and the change', async () => {
    const opened = await withTree();
    await opened.onRoot('paused');
    const write = opened.store.stop.bind(opened.store);
    opened.store.stop = async (target, next) => {
      await write(target, stop('killed'));
      return write(target, next);
    };
    expect(await opened.turn('run_root', 'resume')).toMatchObject({ status: 409, body: { title: 'run.killed' } });
  });

  test('an ended run stays ended, but may be killed', async () => {
    const { turn, onRoot } = await withTree();
    await onRoot('done');
    expect(await turn('run_root', 'resume')).toMatchObject({ status: 409, body: { title: 'run.ended' } });
    expect(await turn('run_root', 'kill')).toMatchObject({ status: 200, body: { state: 'killed' } });
  });

  test('a resume names what is to be resumed instead, and changes nothing', async () => {
    const { turn, onRoot, store } = await withTree();
    await onRoot('paused');
    expect(await turn('run_child', 'resume')).toMatchObject({
      status: 409,
      body: {
        title: 'run.paused',
        detail:
          'the run `run_child` itself is not stopped: the run `run_root` above it is paused, by `olga`; resume that',
      },
    });
    await store.stop({ tenant: 'default', scope: 'agent:worker' }, stop('draining'));
    await store.stop({ tenant: 'default', root: root.id, run: root.id }, undefined);
    expect(await turn('run_child', 'resume')).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('its agent `worker` is draining') },
    });
  });

  test('a resume of a run that something else stops too says what it still is', async () => {
    const { turn, onRoot, onChild } = await withTree();
    await onRoot('paused');
    await onChild('paused');
    expect(await turn('run_child', 'resume')).toMatchObject({
      status: 200,
      body: { state: 'paused', changed: true, stops: [{ run: 'run_root' }] },
    });
  });
});
