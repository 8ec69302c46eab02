// Sections 3G, 3H and 3I, from the other side: an upstream that answers what it should not.
import { createServer as createSecureServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { PAIR_ONE } from '../../support/certificates.ts';
import { chunk, COMPLETION } from '../../support/chat.ts';
import { heldBytes } from '../../support/held-memory.ts';
import { watchTurns } from '../../support/longest-turn.ts';
import { chat, mcp, openRange, type Range } from '../../support/range.ts';
import { openRaw, type RawConnection, statusOf } from '../../support/raw-http.ts';
import { token } from '../../support/waygate.ts';

let range: Range;
let raw: Server | undefined;
let open: RawConnection[] = [];
const sockets = new Set<Socket>();

/** An upstream in bytes: what it writes for each request. */
async function start(answer: (socket: Socket, request: string) => void, more: object = {}): Promise<void> {
  raw = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (data) => answer(socket, data.toString('latin1')));
  });
  await new Promise<void>((resolve) => raw?.listen(0, '127.0.0.1', resolve));
  const address = raw.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const prices = { '*': { input: 1, output: 4 } };
  range = await openRange({
    upstreams: {
      up: {
        protocol: 'openai',
        url: `${url}/v1`,
        credential: 'env:RANGE_KEY',
        prices,
        retry: { attempts: 1 },
        ...more,
      },
      tools: { protocol: 'mcp', url: `${url}/mcp` },
    },
  });
}

afterEach(async () => {
  for (const { socket } of open.splice(0)) socket.destroy();
  for (const socket of sockets) socket.destroy();
  raw?.close();
  await range.close();
});

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n';
const stream = (socket: Socket, ...pieces: readonly (string | Buffer)[]): void => {
  socket.write(`${HEAD}connection: close\r\n\r\n`);
  for (const piece of pieces) socket.write(piece);
  socket.end();
};
const STOP = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`;
const ask = (): Promise<string> =>
  range.shoot(chat({ bearer: range.bearer, body: '{"model":"small","stream":true,"messages":[]}' }));
/** Of this nothing has to be taken out again. */
const STREAMING = '{"model":"small","stream":true,"stream_options":{"include_usage":true},"messages":[]}';
const HUGE = 67_108_864;
const HELD_MAX = 16_777_216;

let finish = (): void => {};

/** Writes one event of 64 MB, as fast as it is taken; its end comes at `finish`. */
function endless(socket: Socket, before: string, after: string): void {
  const piece = Buffer.alloc(65_536, 'x');
  let left = HUGE / piece.length;
  const push = (): void => {
    while (left > 0) {
      left -= 1;
      if (!socket.write(piece)) return;
    }
  };
  finish = () => socket.end(after);
  socket.write(`${HEAD}connection: close\r\n\r\n${before}`);
  socket.on('drain', push);
  push();
}

/** Of an answer all has come but its end, and little of it is held. */
async function expectNotHeld(request: string): Promise<void> {
  const connection = await openRaw(range.port);
  open.push(connection);
  connection.socket.removeAllListeners('data');
  let bytes = 0;
  connection.socket.on('data', (data) => (bytes += data.length));
  const before = heldBytes();
  connection.send(request);
  await expect.poll(() => bytes, { timeout: 10_000 }).toBeGreaterThan(HUGE);
  await expect.poll(() => heldBytes() - before, { timeout: 5_000 }).toBeLessThan(HELD_MAX);
  finish();
  await connection.closed;
}

const bodyOf = (answer: string): string => dechunked(answer.slice(answer.indexOf('\r\n\r\n') + 4));

function dechunked(text: string): string {
  let out = '';
  for (let rest = text; ;) {
    const [line, size = '0'] = /^([0-9a-f]+)\r\n/i.exec(rest) ?? ['', '0'];
    const bytes = parseInt(size, 16);
    if (bytes === 0) return out;
    out += rest.slice(line.length, line.length + bytes);
    rest = rest.slice(line.length + bytes + 2);
  }
}

describe('an answer that flows', () => {
  test.each([
    [
      'S-01 line ends of every kind in and between events',
      [chunk('a\\r\\nb'), ': c\r\n\r\n', 'data: {"x":1}\r\r', 'event: e\rdata: 1\n\n'],
    ],
    ['S-05 an event that is no JSON', [chunk('a'), 'data: {"choices":[{\n\n', chunk('b')]],
    ['S-06 a flood of comments', [': x\n\n'.repeat(10_000)]],
    [
      'S-06 a retry of nothing, and an id with NUL',
      ['retry: 0\n\n', 'id: a\0b\n\n', 'retry: 99999999999999\n\n', chunk('a')],
    ],
    ['S-08 an error in an event', [chunk('a'), 'data: {"error":{"message":"no more","type":"server_error"}}\n\n']],
    ['S-08 an error in an event of that name', ['event: error\ndata: {"message":"no more"}\n\n']],
    [
      'S-04 characters cut in two',
      [Buffer.from(chunk('ä€😀')).subarray(0, 150), Buffer.from(chunk('ä€😀')).subarray(150)],
    ],
  ])('%s: passes byte for byte', async (_, pieces) => {
    await start((socket) => stream(socket, ...pieces, STOP));
    const answer = await ask();
    expect(statusOf(answer)).toBe(200);
    expect(bodyOf(answer)).toBe(Buffer.concat([...pieces, STOP].map((piece) => Buffer.from(piece))).toString('latin1'));
  });

  test.each([
    ['S-04 in the middle of an event', [chunk('first'), 'data: {"choices":[{"index":0,']],
    ['S-04 in the middle of a character', [chunk('first'), Buffer.from('data: "€').subarray(0, -1)]],
    ['S-04 behind an event, without a last one', [chunk('first')]],
    ['S-04 before anything', []],
  ])('%s: it ends there, in an error of its dialect', async (_, pieces) => {
    await start((socket) => stream(socket, ...pieces));
    const body = bodyOf(await ask());
    expect(body).not.toContain('[DONE]');
    expect(body).toMatch(/upstream\.broken/);
  });

  test('S-02 an event of 64 MB passes, and is not held', async () => {
    await start((socket) => endless(socket, 'data: "', `"\n\n${STOP}`));
    await expectNotHeld(chat({ bearer: range.bearer, body: STREAMING }));
  });

  test('S-02 an event in which something has to be changed is cut off before it takes more than it may', async () => {
    await start((socket) => endless(socket, 'data: "', `"\n\n${STOP}`));
    const answer = await ask();
    expect(answer.length).toBeLessThan(1_000_000);
    expect(answer).toContain('upstream.too_large');
  });

  test('S-03 100,000 events at once hold nobody up', async () => {
    await start((socket) => stream(socket, 'data: {"choices":[]}\n\n'.repeat(100_000), STOP));
    const watch = watchTurns();
    const answer = await ask();
    expect(watch.stop()).toBeLessThan(150);
    expect(answer.length).toBeGreaterThan(2_000_000);
  });

  test('S-07 that is a page, though a stream was asked for', async () => {
    await start((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>'),
    );
    const answer = await ask();
    expect(statusOf(answer)).toBe(200);
    expect(answer).toMatch(/content-type: text\/html\r\n[^]*<html>$/i);
  });

  test.each([0, 1, 5])('S-09 whose client leaves after event %i: its upstream is let go', async (events) => {
    let isGone = false;
    await start((socket) => {
      socket.on('close', () => (isGone = true));
      socket.write(`${HEAD}\r\n`);
      for (let index = 0; index < events; index += 1) socket.write(chunk(`event ${index}`));
    });
    const connection = await openRaw(range.port);
    connection.send(chat({ bearer: range.bearer, body: '{"model":"small","stream":true,"messages":[]}' }));
    await connection.until(events === 0 ? /200 OK/ : new RegExp(`event ${events - 1}`));
    connection.socket.destroy();
    await expect.poll(() => isGone, { timeout: 1_000 }).toBe(true);
  });
});

describe('an answer that is none', () => {
  test.each([
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\ncontent-length: 5x\r\n\r\nhello'],
    ['a head that ends in line feeds', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok'],
    ['a head of 100 KB', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`],
    ['half a head', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['nothing', ''],
    ['a body that ends too early', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ])('%s: 502, and the next call is served', async (_, bytes) => {
    let isGood = false;
    const good = JSON.stringify(COMPLETION);
    await start((socket) =>
      isGood
        ? socket.end(
            `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${good.length}\r\n\r\n${good}`,
          )
        : socket.end(bytes),
    );
    expect(statusOf(await ask())).toBe(502);
    isGood = true;
    expect(statusOf(await ask())).toBe(200);
  });

  test.each([
    ['U-05 in the middle of its address', 'location: /x\r\n\r\nset-cookie: a=b'],
    ['U-05 in an address that is encoded', 'location: /x%0d%0aset-cookie:%20a=b'],
  ])('a redirect with a line end %s: 502 without it', async (_, field) => {
    await start((socket) => socket.end(`HTTP/1.1 302 Found\r\n${field}\r\ncontent-length: 0\r\n\r\n`));
    const answer = await ask();
    expect(statusOf(answer)).toBe(502);
    expect(answer.toLowerCase()).not.toMatch(/set-cookie|location/);
  });

  test.each([301, 302, 303, 307, 308])('U-04 a redirect with %i is not followed', async (status) => {
    let connects = 0;
    const sink = createServer((socket) => {
      connects += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
    const address = sink.address();
    const port = typeof address === 'object' ? address?.port : 0;
    await start((socket) =>
      socket.end(
        `HTTP/1.1 ${status} Moved\r\nlocation: http://127.0.0.1:${port}/v1/chat/completions\r\ncontent-length: 0\r\n\r\n`,
      ),
    );
    const answer = await ask();
    expect(statusOf(answer)).toBe(502);
    expect(answer).not.toContain(String(port));
    expect(connects).toBe(0);
    sink.close();
  });
});

describe('U-08 an answer that was not asked for reaches nobody', () => {
  const whole = (text: string): string =>
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;

  test.each([
    ['at once behind its own', 0],
    ['a little later', 20],
    ['just when the next call comes', -1],
  ])('%s', async (_, delayMs) => {
    const poison = whole('{"poison":true}');
    const answer = (socket: Socket, request: string): void => {
      const own = whole(`{"for":"${/"user":"(\w+)"/.exec(request)?.[1] ?? 'nobody'}"}`);
      socket.write(delayMs === 0 ? own + poison : own);
      if (delayMs > 0) setTimeout(() => socket.write(poison), delayMs);
      // It arrives while the next call is on its way.
      if (delayMs < 0) setImmediate(() => socket.write(poison));
    };
    await start(answer, { connections: 1 });
    let served = 0;
    for (let nth = 0; nth < 20; nth += 1) {
      const bearer = await token({ sub: `user${nth}` });
      const answer = await range.shoot(chat({ bearer, body: `{"model":"small","user":"u${nth}","messages":[]}` }));
      if (answer.includes(`{"for":"u${nth}"}`)) served += 1;
      else expect(statusOf(answer)).toBe(502);
      expect(answer).not.toContain('poison');
      // Until it has come, with nobody's call on the connection: one that comes amid a call cannot be told from its answer.
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs * 2));
    }
    expect(served).toBeGreaterThan(0);
  });
});

describe('what an upstream knows of itself stays there', () => {
  test.each([401, 403, 500])('K-03 K-04 its key, which it repeats in fields and body with %i', async (status) => {
    await start((socket, request) => {
      const key = /^authorization: Bearer (.*)$/im.exec(request)?.[1] ?? '';
      const body = `{"error":{"message":"bad key ${key}"},"request":${JSON.stringify(request)}}`;
      socket.end(
        `HTTP/1.1 ${status} No\r\ncontent-type: application/json\r\nx-echo: ${key}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    });
    // The range itself refuses every answer with the key in it.
    expect(statusOf(await ask())).toBe(status);
  });

  test.each(['{"error":', 'Error: x\n    at f (/srv/app.js:1:2)', '<html>'])(
    'K-08 and what went wrong here is told in words: %s',
    async (body) => {
      await start((socket) =>
        socket.end(`HTTP/1.1 500 X\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, -1)}`),
      );
      const answer = await ask();
      expect(statusOf(answer)).toBe(502);
      expect(answer).toContain('upstream.broken');
    },
  );
});

describe('a tool server', () => {
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ok', arguments: {} } };

  test('M-14 M-16 whose result is one event of 64 MB: it passes, and is not held', async () => {
    const before = 'data: {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"';
    await start((socket) => endless(socket, before, '"}]}}\n\n'));
    await expectNotHeld(mcp({ bearer: range.bearer }, call));
  });

  test('M-14 that reports progress 100,000 times holds nobody up', async () => {
    const progress = `data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}\n\n`;
    await start((socket) =>
      stream(socket, progress.repeat(100_000), 'data: {"jsonrpc":"2.0","id":1,"result":{"content":[]}}\n\n'),
    );
    const watch = watchTurns();
    const answer = await range.shoot(mcp({ bearer: range.bearer }, call));
    expect(watch.stop()).toBeLessThan(150);
    expect(answer).toContain('"result"');
  });

  const listed = async (result: string): Promise<string> => {
    const body = `{"jsonrpc":"2.0","id":1,"result":${result}}`;
    await start((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`);
      socket.end(body);
    });
    return range.shoot(mcp({ bearer: range.bearer }, { jsonrpc: '2.0', id: 1, method: 'tools/list' }));
  };

  test.each([
    [
      'nested 100,000 deep',
      `{"tools":[{"name":"ok","inputSchema":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}]}`,
    ],
    ['of 20 MB', `{"tools":[{"name":"ok","description":"${'x'.repeat(20_000_000)}"}]}`],
    ['with a key twice', '{"tools":[{"name":"ok"}],"tools":[{"name":"danger"}]}'],
    ['that breaks off', '{"tools":[{"name":"ok"'],
  ])('M-16 M-10 with a list %s: nothing of it is shown', async (_, result) => {
    const answer = await listed(result);
    expect(answer).toContain('"error"');
    expect(answer).not.toContain('"tools"');
  });

  test('M-16 with references in a schema: they are shown as they are, and nobody fetches them', async () => {
    const schema = '{"$ref":"http://127.0.0.1:1/schema","$defs":{"a":{"$ref":"#/$defs/a"}}}';
    expect(await listed(`{"tools":[{"name":"ok","inputSchema":${schema}}]}`)).toContain(schema);
  });

  test.each(['1000000000000000', '-1', '1e400', '"x"'])(
    'M-10 whose list may be kept for %s: for an hour at most',
    async (ttl) => {
      const answer = await listed(`{"tools":[{"name":"ok"}],"cacheScope":"public","ttlMs":${ttl}}`);
      const kept = Number(/"ttlMs":(\d+)[,}]/.exec(answer)?.[1]);
      expect(kept).toBeGreaterThanOrEqual(0);
      expect(kept).toBeLessThanOrEqual(3_600_000);
    },
  );

  test('M-10 shows each caller the tools that this caller may use, whatever it says of caches', async () => {
    const answer = await listed('{"tools":[{"name":"ok"},{"name":"danger"}],"cacheScope":"public","ttlMs":5}');
    expect(answer).toContain('"ok"');
    expect(answer).not.toContain('danger');
    expect(answer).toContain('"cacheScope":"private"');
  });
});

describe('an upstream that cannot prove who it is', () => {
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  afterEach(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
  });

  test.each([
    ['U-09 signs its certificate itself', undefined],
    ['U-10 signs its certificate itself, where the environment would let it', '0'],
  ])('%s: nothing is sent to it, in TLS or without', async (_, allowed) => {
    if (allowed !== undefined) process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = allowed;
    let requests = 0;
    const secure = createSecureServer({ cert: PAIR_ONE.cert, key: PAIR_ONE.key }, (_request, response) => {
      requests += 1;
      response.end('{}');
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const address = secure.address();
    await start(() => {}, { url: `https://localhost:${typeof address === 'object' ? address?.port : 0}/v1` });
    const answer = await ask();
    expect(statusOf(answer)).toBe(502);
    expect(answer).toContain('upstream.unreachable');
    expect(requests).toBe(0);
    secure.closeAllConnections();
    secure.close();
  });
});
