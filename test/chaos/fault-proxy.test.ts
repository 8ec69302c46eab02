// The fault proxy does what it is told: a programme whose faults do not happen proves nothing.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FaultProxy, faultProxy } from '../support/fault-proxy.ts';
import { seededRandom } from '../support/random.ts';

let echo: Server;
let proxy: FaultProxy;
let heard: string;
const sockets: Socket[] = [];

beforeEach(async () => {
  heard = '';
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      heard += data.toString();
      socket.write(data);
    });
    socket.on('end', () => socket.end('bye'));
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  proxy = await faultProxy({ to: (echo.address() as AddressInfo).port, random: seededRandom(7) });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.close();
  await new Promise((resolve) => echo.close(resolve));
});

interface Caller {
  readonly socket: Socket;
  readonly got: () => string;
  /** `reset`, `end` or an error's code, once the connection is over. */
  readonly over: Promise<string>;
}

async function call(): Promise<Caller> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  let got = '';
  socket.on('data', (data) => (got += data.toString()));
  const over = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    socket.once('end', () => resolve('end'));
  });
  await new Promise((resolve) => socket.once('connect', resolve).once('error', resolve));
  return { socket, got: () => got, over };
}

async function until(holds: () => boolean): Promise<number> {
  const began = performance.now();
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
  return performance.now() - began;
}

describe('the fault proxy', () => {
  test('without a fault: every byte passes in order, and the end of one side is told to the other', async () => {
    const { socket, got, over } = await call();
    const text = Array.from({ length: 20_000 }, (_, index) => `${index},`).join('');
    socket.end(text);
    expect(await over).toBe('end');
    expect(got()).toBe(`${text}bye`);
  });

  test('latency and jitter: no byte comes sooner, and the order stays', async () => {
    Object.assign(proxy.toClient, { latencyMs: 60, jitterMs: 40 });
    const { socket, got } = await call();
    socket.write('a');
    expect(await until(() => got() === 'a')).toBeGreaterThanOrEqual(58);
    for (const letter of 'bcdefgh') {
      socket.write(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => got().length === 8);
    expect(got()).toBe('abcdefgh');
  });

  test('bandwidth: 20 kB at 100 kB/s take 200 ms', async () => {
    proxy.toServer.bytesPerSecond = 100_000;
    const { socket } = await call();
    socket.write('x'.repeat(20_000));
    expect(await until(() => heard.length === 20_000)).toBeGreaterThanOrEqual(190);
  });

  test('a swallowed reply: the server had the request, the client loses its connection without an answer', async () => {
    proxy.toClient.swallow = 1;
    const { socket, got, over } = await call();
    socket.write('pay');
    expect(await over).toBe('ECONNRESET');
    expect({ heard, got: got(), cut: proxy.cut }).toEqual({ heard: 'pay', got: '', cut: 1 });
  });

  test('a swallowed request: the server had nothing', async () => {
    proxy.toServer.swallow = 1;
    const { socket, over } = await call();
    socket.write('pay');
    expect(await over).toBe('ECONNRESET');
    expect(heard).toBe('');
  });

  test('swallowing at a chance: the same seed loses the same requests', async () => {
    const lost = async (): Promise<string> => {
      const other = await faultProxy({ to: (echo.address() as AddressInfo).port, random: seededRandom(11) });
      const own = proxy;
      proxy = other;
      other.toServer.swallow = 0.4;
      let pattern = '';
      for (let index = 0; index < 12; index += 1) {
        const { socket, got, over } = await call();
        socket.write('x');
        pattern += await Promise.race([over.then(() => '-'), until(() => got() === 'x').then(() => '+')]);
        socket.destroy();
      }
      await other.close();
      proxy = own;
      return pattern;
    };
    const pattern = await lost();
    expect(pattern).toMatch(/\+/);
    expect(pattern).toMatch(/-/);
    expect(await lost()).toBe(pattern);
  });

  test('a black hole: nothing passes and nothing says so; healed, what has lost bytes is reset and the rest lives', async () => {
    const [holed, quiet] = [await call(), await call()];
    await until(() => proxy.open === 2);
    proxy.toServer.blackHole = true;
    holed.socket.write('gone');
    const silent = await Promise.race([holed.over, new Promise((resolve) => setTimeout(resolve, 50, 'silent'))]);
    expect(silent).toBe('silent');
    proxy.heal();
    expect(await holed.over).toBe('ECONNRESET');
    quiet.socket.write('here');
    await until(() => quiet.got() === 'here');
    expect(heard).toBe('here');
  });

  test('reset after n bytes: exactly those arrive, then a reset', async () => {
    proxy.toClient.resetAfterBytes = 3;
    const { socket, got, over } = await call();
    socket.write('abcdef');
    await until(() => got() === 'abc');
    expect(await over).toBe('ECONNRESET');
  });

  test('end after n bytes: exactly those arrive, then a clean end', async () => {
    proxy.toClient.endAfterBytes = 3;
    const { socket, got, over } = await call();
    socket.write('abcdef');
    expect(await over).toBe('end');
    expect(got()).toBe('abc');
  });

  test('half-close: the server sees the end of the request side and can still answer', async () => {
    const { socket, got, over } = await call();
    socket.write('a');
    await until(() => got() === 'a');
    proxy.halfClose('toServer');
    expect(await over).toBe('end');
    expect(got()).toBe('abye');
  });

  test('reset and refusal: open connections are reset, new ones too, until it is healed', async () => {
    const first = await call();
    await until(() => proxy.open === 1);
    proxy.reset();
    expect(await first.over).toBe('ECONNRESET');
    proxy.refusing = true;
    expect(await (await call()).over).toBe('ECONNRESET');
    proxy.heal();
    const { socket, got } = await call();
    socket.write('x');
    await until(() => got() === 'x');
    expect(proxy.made).toBe(3);
  });
});
