// Very many connections from one client, as a fleet of agents behind one address has them.
import { connect, type Socket } from 'node:net';

export interface Crowd {
  /** How many of them the server has ended. */
  readonly lost: number;
  readonly size: number;
  close(): void;
}

const AT_ONCE = 200;
const GREETING = 'GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n';
const ANSWERED = /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n\{"status":"ok"\}$/;

/** Opens so many, has each ask once, and leaves them idle. Rejects where one is refused. */
export async function gather(port: number, count: number): Promise<Crowd> {
  const sockets = new Set<Socket>();
  let lost = 0;
  let left = count;
  const openSome = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const socket = await openIdle(port);
      sockets.add(socket);
      socket.once('close', () => (lost += 1));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, openSome));
  return {
    get lost() {
      return lost;
    },
    size: sockets.size,
    close() {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
  };
}

function openIdle(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(GREETING));
    let said = '';
    const hear = (chunk: Buffer): void => {
      said += chunk.toString('latin1');
      if (!ANSWERED.test(said)) return;
      socket.off('data', hear);
      socket.resume();
      resolve(socket);
    };
    socket.on('data', hear);
    socket.on('error', reject);
    socket.once('close', () => reject(new Error(`a connection was ended that had brought:\n${said}`)));
  });
}
