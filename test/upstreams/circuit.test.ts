import { beforeEach, describe, expect, test } from 'vitest';
import { Circuit, type Outcome, type Pass } from '../../src/upstreams/circuit.ts';

let now: number;
let changes: string[];
let circuit: Circuit;
beforeEach(() => {
  now = 1_000;
  changes = [];
  circuit = new Circuit({
    failures: 3,
    openMs: 500,
    monotonicMs: () => now,
    onChange: (state) => void changes.push(state),
  });
});

/** What the breaker does of its own is done once the turn is over. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function call(...outcomes: readonly Outcome[]): Promise<void> {
  for (const outcome of outcomes) {
    const pass = circuit.enter();
    if (typeof pass === 'number') throw new Error(`not let in for ${pass} ms`);
    circuit.left(pass, outcome);
    await turn();
  }
}

describe('a circuit', () => {
  test('lets calls in until so many have failed in a row', async () => {
    await call('bad', 'bad', 'good', 'bad', 'bad');
    expect(circuit.enter()).toBe('plain');
    await call('bad');
    expect(circuit.enter()).toBe(500);
    now += 499;
    expect(circuit.enter()).toBe(1);
    expect(changes).toEqual(['open']);
  });

  test('counts nothing that tells nothing of the upstream', async () => {
    await call('bad', 'bad', 'unknown', 'unknown', 'unknown');
    expect(circuit.enter()).toBe('plain');
    await call('bad');
    expect(circuit.enter()).toBe(500);
  });

  test('that is open lets one call in after its time, and the others when that one has done well', async () => {
    await call('bad', 'bad', 'bad');
    now += 500;
    expect(circuit.enter()).toBe('probe');
    expect([circuit.enter(), circuit.enter()]).toEqual([1_000, 1_000]);
    circuit.left('probe', 'good');
    await turn();
    expect([circuit.enter(), circuit.enter()]).toEqual(['plain', 'plain']);
    expect(changes).toEqual(['open', 'closed']);
  });

  test('opens for as long again when that one call fails', async () => {
    await call('bad', 'bad', 'bad');
    now += 500;
    await call('bad');
    expect(circuit.enter()).toBe(500);
    now += 500;
    await call('good');
    expect(circuit.enter()).toBe('plain');
    expect(changes).toEqual(['open', 'open', 'closed']);
  });

  test('hands the trial to the next call where it told nothing', async () => {
    await call('bad', 'bad', 'bad');
    now += 500;
    await call('unknown');
    expect(circuit.enter()).toBe('probe');
    expect(circuit.enter(), 'one at a time').toBe(1_000);
    circuit.left('probe', 'good');
    await turn();
    expect(circuit.enter()).toBe('plain');
  });

  test('is not moved by calls that began before it opened', async () => {
    const before = Array.from({ length: 6 }, () => circuit.enter() as Pass);
    for (const pass of before.slice(0, 3)) circuit.left(pass, 'bad');
    await turn();
    now += 100;
    circuit.left('plain', 'good');
    circuit.left('plain', 'bad');
    await turn();
    expect(circuit.enter(), 'not a moment longer').toBe(400);
    now += 400;
    expect(circuit.enter()).toBe('probe');
    circuit.left('plain', 'good');
    circuit.left('plain', 'bad');
    await turn();
    expect(circuit.enter(), 'the trial is still on its way').toBe(1_000);
    expect(changes).toEqual(['open']);
  });

  test('begins to count anew once it has closed', async () => {
    await call('bad', 'bad', 'bad');
    now += 500;
    await call('good', 'bad', 'bad');
    expect(circuit.enter()).toBe('plain');
  });
});

describe('the health of an upstream', () => {
  test('is down while it is left alone, degraded until a trial went well', async () => {
    expect(circuit.health).toBe('ok');
    await call('bad', 'bad', 'bad');
    expect(circuit.health).toBe('down');
    now += 500;
    expect(circuit.health).toBe('degraded');
    await call('good');
    expect(circuit.health).toBe('ok');
  });

  test('is degraded where a quarter of the last answers failed, and well again when they are old or many were good', async () => {
    await call('bad', 'good', 'bad', 'good', 'bad', 'good');
    expect(circuit.health).toBe('ok');
    await call('bad');
    expect(circuit.health).toBe('degraded');
    now += 60_000;
    expect(circuit.health).toBe('ok');
    await call('good', 'bad');
    expect(circuit.health).toBe('degraded');
    await call(...Array.from({ length: 16 }, () => 'good' as const));
    expect(circuit.health).toBe('ok');
  });
});
