import { expect, test } from 'vitest';
import { type Batch, Turn } from '../../src/limits/turn.ts';

class Pair implements Batch<string> {
  readonly words: string[] = [];
  get isFull(): boolean {
    return this.words.length >= 2;
  }
  add(word: string): number {
    return this.words.push(word) - 1;
  }
}

function turn() {
  const asked: { readonly take: () => Pair; readonly resolve: (answer: string) => void; readonly fail: () => void }[] =
    [];
  const words = new Turn({
    make: () => new Pair(),
    ask: (take: () => Pair) =>
      new Promise<string>((resolve, reject) => asked.push({ take, resolve, fail: () => reject(new Error('gone')) })),
    read: (answers, index) => {
      if (answers[index] === '-') throw new Error('refused');
      return answers[index];
    },
  });
  return { words, asked };
}

test('what is asked before a batch leaves goes with it, and finds its own place in the answer', async () => {
  const { words, asked } = turn();
  const [a, b] = [words.add('a'), words.add('b')];
  expect(asked).toHaveLength(1);
  expect(asked[0]?.take().words).toEqual(['a', 'b']);
  asked[0]?.resolve('AB');
  expect(await Promise.all([a, b])).toEqual(['A', 'B']);
});

test('a batch that has left, is full, or could not be asked takes no more', async () => {
  const { words, asked } = turn();
  void words.add('a');
  asked[0]?.take();
  const failed = words.add('b');
  asked[1]?.fail();
  await expect(failed).rejects.toThrow('gone');
  for (const word of ['c', 'd', 'e']) void words.add(word);
  expect(asked.map(({ take }) => take().words)).toEqual([['a'], ['b'], ['c', 'd'], ['e']]);
});

test('one that is refused takes no other with it', async () => {
  const { words, asked } = turn();
  const [a, b] = [words.add('a'), words.add('b')];
  asked[0]?.resolve('-B');
  await expect(a).rejects.toThrow('refused');
  expect(await b).toBe('B');
});
