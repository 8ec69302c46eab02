import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { joined } from '../../src/limits/joined.ts';

describe('calls joined by turn', () => {
  let sent: string[][];
  let answers: Map<string, { resolve: (answer: string) => void; reject: (cause: Error) => void }>;
  let ask: (question: string) => Promise<string>;

  beforeEach(() => {
    vi.useFakeTimers();
    sent = [];
    answers = new Map();
    ask = joined<string, string>({
      deadlineMs: 150,
      send(question) {
        sent.at(-1)?.push(question);
        return new Promise((resolve, reject) => answers.set(question, { resolve, reject }));
      },
      together(sendAll) {
        sent.push([]);
        sendAll();
      },
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('leave together, those of the next turn after them', async () => {
    void ask('a');
    void ask('b');
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(0);
    void ask('c');
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([['a', 'b'], ['c']]);
    answers.get('a')?.resolve('A');
  });

  test('are each answered with their own answer or failure', async () => {
    const [a, b] = [ask('a'), ask('b')];
    await vi.advanceTimersByTimeAsync(0);
    answers.get('b')?.reject(new Error('refused'));
    answers.get('a')?.resolve('A');
    await expect(a).resolves.toBe('A');
    await expect(b).rejects.toThrow('refused');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that are not answered by the deadline are refused, and a later answer changes nothing', async () => {
    const [a, b] = [ask('a'), ask('b')];
    const late = expect(b).rejects.toThrow('no answer within 150 ms');
    await vi.advanceTimersByTimeAsync(0);
    answers.get('a')?.resolve('A');
    await vi.advanceTimersByTimeAsync(149);
    await expect(a).resolves.toBe('A');
    await vi.advanceTimersByTimeAsync(2);
    await late;
    answers.get('b')?.resolve('B');
    await vi.advanceTimersByTimeAsync(0);
    await expect(b).rejects.toThrow();
  });

  test('are not refused for a stall of our own event loop', async () => {
    vi.useRealTimers();
    const stalled = joined<string, string>({
      deadlineMs: 100,
      send: (question) =>
        new Promise((resolve) => {
          setImmediate(() => {
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120);
            setTimeout(resolve, 10, question.toUpperCase());
          });
        }),
      together: (sendAll) => sendAll(),
    });
    await expect(stalled('a')).resolves.toBe('A');
  });
});
