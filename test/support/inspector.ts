// A look into another Node by its inspector (started with `--inspect`), which adds no code of ours to it.

export interface Heap {
  /** Bytes that are in use after a full collection. */
  readonly used: number;
  /** Bytes of buffers and the like outside of it. */
  readonly external: number;
}

export interface Inspector {
  /** Collects all garbage, and says what is left. */
  heap(): Promise<Heap>;
  /** Value of an expression; it has to be JSON. */
  evaluate<T>(expression: string): Promise<T>;
  close(): void;
}

interface Reply {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: unknown }; readonly exceptionDetails?: unknown };
  readonly error?: { readonly message: string };
}

/** What Node prints when its inspector listens. */
const LISTENING = /Debugger listening on (ws:\/\/\S+)/;

/** Connects to the inspector of a process that has printed its address. */
export async function inspect(output: string): Promise<Inspector> {
  const address = LISTENING.exec(output)?.[1];
  if (address === undefined) throw new Error(`expected the address of an inspector in:\n${output}`);
  const socket = new WebSocket(address);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error(`no inspector answers at ${address}`)));
  });
  const waiting = new Map<number, PromiseWithResolvers<NonNullable<Reply['result']>>>();
  let last = 0;
  socket.addEventListener('message', ({ data }) => {
    const { id = 0, result, error } = JSON.parse(String(data)) as Reply;
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error || result?.exceptionDetails) asked?.reject(new Error(error?.message ?? JSON.stringify(result)));
    else asked?.resolve(result ?? {});
  });
  socket.addEventListener('close', () => {
    for (const asked of waiting.values()) asked.reject(new Error('the inspector went away'));
  });
  const ask = (method: string, params: object = {}): Promise<NonNullable<Reply['result']>> => {
    const asked = Promise.withResolvers<NonNullable<Reply['result']>>();
    waiting.set((last += 1), asked);
    socket.send(JSON.stringify({ id: last, method, params }));
    return asked.promise;
  };
  async function evaluate<T>(expression: string): Promise<T> {
    const { result } = await ask('Runtime.evaluate', { expression, returnByValue: true });
    return result?.value as T;
  }
  return {
    evaluate,
    async heap() {
      // What the first finds unreachable may hold what its finalizers let go.
      await ask('HeapProfiler.collectGarbage');
      await ask('HeapProfiler.collectGarbage');
      return evaluate('(({ heapUsed: used, external }) => ({ used, external }))(process.memoryUsage())');
    },
    close: () => socket.close(),
  };
}
