import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import fc from 'fast-check';
import { Roster, type Seat } from '../../src/core/roster.ts';

test('a roster holds whoever entered and has not left, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ leaves: fc.boolean(), which: fc.nat() })), (steps) => {
      const roster = new Roster<number>();
      const inside = new Map<number, Seat>();
      steps.forEach(({ leaves, which }, step) => {
        const leaver = [...inside.keys()][which % Math.max(1, inside.size)];
        if (leaves && leaver !== undefined) {
          inside.get(leaver)?.leave();
          inside.delete(leaver);
        } else inside.set(step, roster.enter(step));
        expect(roster.members().toSorted((one, other) => one - other)).toEqual([...inside.keys()]);
        expect(roster.size).toBe(inside.size);
      });
    }),
  );
});

test('leaving twice takes nobody else out', () => {
  const roster = new Roster<string>();
  const [first] = [roster.enter('first'), roster.enter('second')];
  first.leave();
  first.leave();
  expect(roster.members()).toEqual(['second']);
});

// What a Set fails at: 64 members of 4 KB at a time, 40,000 in all. Whoever has left must be gone with the next young collection.
test('members that left do not grow old with those that stay', () => {
  const script = `
    import { Roster } from ${JSON.stringify(new URL('../../src/core/roster.ts', import.meta.url).href)};
    import { getHeapStatistics } from 'node:v8';
    const roster = new Roster();
    const seats = [];
    globalThis.gc();
    const before = getHeapStatistics().used_heap_size;
    for (let call = 0; call < 40_000; call += 1) {
      seats.push(roster.enter(new Array(512).fill(call)));
      if (seats.length > 64) seats.shift().leave();
    }
    globalThis.gc({ type: 'minor' });
    globalThis.gc({ type: 'minor' });
    console.log(getHeapStatistics().used_heap_size - before);
  `;
  const flags = ['--expose-gc', '--max-semi-space-size=1', '--input-type=module', '--eval', script];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(Number(stdout)).toBeLessThan(8_388_608);
});
