// A client that speaks HTTP/2 in frames: for what no library would send. Heads are literals without compression (RFC 7541 §6.2.2).
import { connect, type TLSSocket } from 'node:tls';

export const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, continuation: 9 } as const;
export const END_STREAM = 1;
export const END_HEADERS = 4;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export interface RawStreams {
  readonly socket: TLSSocket;
  /** Everything that has arrived. */
  readonly frames: readonly Frame[];
  send(type: number, flags: number, stream: number, payload?: Buffer): void;
  /** Resolves with the first frame that is as asked; rejects when the connection ends before that. */
  until(is: (frame: Frame) => boolean): Promise<Frame>;
  readonly closed: Promise<void>;
}

/** Connects, and sends the preface with empty settings. */
export async function openRawStreams(port: number): Promise<RawStreams> {
  const socket = connect({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  let rest: Buffer = Buffer.alloc(0);
  let over = false;
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    rest = takeFrames(Buffer.concat([rest, chunk]), frames);
    waiting.forEach((check) => check());
  });
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      over = true;
      waiting.forEach((check) => check());
      resolve();
    }),
  );
  const send: RawStreams['send'] = (type, flags, stream, payload = Buffer.alloc(0)) => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(stream, 5);
    socket.write(Buffer.concat([head, payload]));
  };
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  send(FRAME.settings, 0, 0);
  return {
    socket,
    frames,
    send,
    closed,
    until: (is) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = frames.find(is);
          if (!found && !over) return;
          waiting.delete(check);
          if (found) resolve(found);
          else reject(new Error(`the connection ended before; frames: ${frames.map(({ type }) => type).join(' ')}`));
        };
        waiting.add(check);
        check();
      }),
  };
}

function takeFrames(bytes: Buffer, into: Frame[]): Buffer {
  let at = 0;
  while (bytes.length - at >= 9 && bytes.length - at >= 9 + bytes.readUIntBE(at, 3)) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    into.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      stream: bytes.readUInt32BE(at + 5) & 0x7f_ff_ff_ff,
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return bytes.subarray(at);
}

/** A block of fields; names and values of up to 126 characters. */
export function block(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]),
  );
}

export const POST = [
  [':method', 'POST'],
  [':scheme', 'https'],
  [':authority', 'localhost'],
  [':path', '/v1/x'],
] as const;
export const GET = [[':method', 'GET'], ...POST.slice(1)] as const;
