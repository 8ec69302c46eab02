// A client that speaks in bytes: for what no HTTP library would send, and for seeing when bytes arrive.
import { connect, type Socket } from 'node:net';

export interface RawConnection {
  readonly socket: Socket;
  /** Everything that has arrived, one character per byte. */
  readonly text: string;
  send(bytes: string | Buffer): void;
  /** Resolves when what has arrived matches; rejects when the connection ends before that. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves with everything that arrived once the connection has ended, however it did. */
  readonly closed: Promise<string>;
}

export async function openRaw(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  let over = false;
  const waiting = new Set<() => void>();
  const look = (): void => waiting.forEach((check) => check());
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    look();
  });
  socket.on('error', () => {});
  const closed = new Promise<string>((resolve) =>
    socket.once('close', () => {
      over = true;
      look();
      resolve(text);
    }),
  );
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return {
    socket,
    get text() {
      return text;
    },
    closed,
    send: (bytes) => void socket.write(bytes),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!pattern.test(text) && !over) return;
          waiting.delete(check);
          if (pattern.test(text)) resolve(text);
          else reject(new Error(`the connection ended before ${pattern}; it had brought:\n${text}`));
        };
        waiting.add(check);
        check();
      }),
  };
}

/** Sends bytes and returns everything that comes back until the server ends the connection. */
export async function askRaw(port: number, bytes: string): Promise<string> {
  const connection = await openRaw(port);
  connection.send(bytes);
  return connection.closed;
}

/** Status of a raw answer, e.g. 400. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1]);
}

/** Waits until a number has stood still for a while, and returns it. */
export async function standstill(read: () => number, ms = 200): Promise<number> {
  for (let before = -1; ;) {
    const now = read();
    if (now === before) return now;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}
