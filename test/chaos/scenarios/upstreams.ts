// F-U: upstreams that refuse, break off, stall, storm, lie about their framing, or never stop.
import { createServer, type Server, type Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import type { Rig, RigOptions } from '../rig.ts';
import { startRig } from '../rig.ts';
import { Expectations, type Outcome, pause, type Scenario, type Setting, timing } from '../scenario.ts';
import { type ClientCall, download } from '../traffic.ts';
import type { Tolerances } from '../evidence.ts';
import { type Asked, completionOf, eventsOf, wellBehaved } from '../witness.ts';

interface Plan {
  readonly rig?: Partial<RigOptions>;
  readonly run: (rig: Rig, expect: Expectations, setting: Setting) => Promise<Record<string, string | number>>;
  readonly tolerances?: Tolerances;
}

function withUpstream({ rig: options = {}, run, tolerances }: Plan): (setting: Setting) => Promise<Outcome> {
  return async (setting) => {
    const rig = await startRig({ seed: setting.seed, gateways: 1, ...options });
    try {
      const expect = new Expectations(rig);
      const figures = await run(rig, expect, setting);
      const violations = [...expect.violations, ...(await rig.finish(tolerances))];
      return { violations, figures: { ...figures, calls: rig.calls.length, ...timing(rig) } };
    } catch (error) {
      await rig.abandon();
      throw error;
    }
  };
}

const CONNECT_MS = 1_000;
const GATEWAY_ERRORS = new Set(['upstream.unreachable', 'upstream.timeout', 'upstream.broken', 'upstream.unavailable']);

const unreached = withUpstream({
  rig: {
    config: (_, { witness }) => ({
      upstreams: {
        refused: upstreamAt('http://127.0.0.1:9/v1'),
        nowhere: upstreamAt('https://waygate.invalid/v1'),
        plain: upstreamAt(`https://127.0.0.1:${witness.port}/v1`),
      },
    }),
  },
  run: async (rig, expect) => {
    const figures: Record<string, number> = {};
    for (const name of ['refused', 'nowhere', 'plain']) {
      const { status, code, ms, text } = await rig.call(undefined, { at: name });
      expect.that(status === 502 || status === 504, `\`${name}\` gave ${status} ${text}`);
      expect.that(GATEWAY_ERRORS.has(code), `\`${name}\` gave the code ${code}`);
      expect.inTime(ms <= 2 * CONNECT_MS + 1_000, `\`${name}\` took ${Math.round(ms)} ms`);
      figures[`${name}Ms`] = Math.round(ms);
    }
    // A request is spent with its admission; tokens and money are given back.
    const given = (await rig.watch.counters()).filter(({ quota }) => quota !== 'money/requests');
    const settled = given.reduce((sum, counter) => sum + counter.settled + counter.held, 0);
    expect.that(settled === 0, `${settled} was charged for calls that reached nobody`);
    return figures;
  },
});

function upstreamAt(url: string): Record<string, unknown> {
  return {
    protocol: 'openai',
    url,
    credential: 'env:UPSTREAM_KEY',
    prices: { '*': { input: 1, output: 4 } },
    timeouts: { connectMs: CONNECT_MS },
  };
}

/** Where an upstream breaks off. */
const BREAKS: Readonly<Record<string, (asked: Asked) => void>> = {
  'before its head': ({ response }) => void response.socket?.resetAndDestroy(),
  'in its head': ({ response }) => {
    const socket = response.socket;
    socket?.write('HTTP/1.1 200 OK\r\ncontent-ty', () => socket.resetAndDestroy());
  },
  'in its body': ({ response, number }) => {
    const { socket } = response;
    const body = completionOf(number);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(body.length) });
    response.write(body.slice(0, 40), () => socket?.resetAndDestroy());
  },
  'after an event': ({ response, number }) => {
    const { socket } = response;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(eventsOf(number)[0] ?? '', () => setTimeout(() => socket?.resetAndDestroy(), 30));
  },
  'in an event': ({ response, number }) => {
    const { socket } = response;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write((eventsOf(number)[0] ?? '').slice(0, 30), () => setTimeout(() => socket?.resetAndDestroy(), 30));
  },
  'cleanly, in its stream': ({ response, number }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(eventsOf(number).slice(0, 2).join(''));
  },
};

const broken = withUpstream({
  rig: { upstream: { circuit: { failures: 1_000 } } },
  run: async (rig, expect, { long }) => {
    for (const [where, behave] of Object.entries(BREAKS)) {
      rig.witness.behave = behave;
      const isStream = where.includes('event') || where.includes('stream');
      for (let times = long ? 10 : 2; times > 0; times -= 1)
        endsBadly(expect, await rig.call(undefined, { isStream }), where);
    }
    rig.witness.behave = wellBehaved;
    const after = await rig.call();
    expect.that(after.status === 200, `after all that a good answer gave ${after.status}`);
    return { breaks: Object.keys(BREAKS).length };
  },
  tolerances: { brokenAnswers: true },
});

/** Before anything was passed on: a refusal; after it: the dialect's error event, never a clean end. */
function endsBadly(expect: Expectations, { status, text, isStream, code }: ClientCall, where: string): void {
  if (isStream && status === 200) {
    expect.that(text.includes('data: {"error"'), `broken ${where}, its stream has no error event: ${text.slice(-200)}`);
    expect.that(!text.includes('[DONE]'), `broken ${where}, its stream ends as if it were whole`);
  } else expect.that(status === 502 && GATEWAY_ERRORS.has(code), `broken ${where} gave ${status} ${text}`);
}

const SLOW_MS = 600;

const stalled = withUpstream({
  rig: { upstream: { timeouts: { headersMs: SLOW_MS, idleMs: SLOW_MS }, circuit: { failures: 1_000 } } },
  run: async (rig, expect) => {
    rig.witness.behave = () => {};
    const silent = await rig.call();
    expect.that(
      silent.status === 504 && silent.code === 'upstream.timeout',
      `silence gave ${silent.status} ${silent.text}`,
    );
    expect.inTime(silent.ms < SLOW_MS * 2, `silence took ${Math.round(silent.ms)} ms`);
    rig.witness.behave = ({ response, number }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(eventsOf(number)[0]);
    };
    const stopped = await rig.call(undefined, { isStream: true });
    endsBadly(expect, stopped, 'by a stall');
    rig.witness.behave = wellBehaved;
    expect.that((await rig.call()).status === 200, 'a good upstream is not served after the stalls');
    return { silentMs: Math.round(silent.ms), stoppedMs: Math.round(stopped.ms) };
  },
  tolerances: { brokenAnswers: true, triesMax: 1 },
});

const AFTER = ['0', '1000000000', 'Thu, 01 Jan 2099 00:00:00 GMT', 'soon'];

const storm = withUpstream({
  rig: { upstream: { retry: { backoffMs: 1 } } },
  run: async (rig, expect, { long }) => {
    let turn = 0;
    rig.witness.behave = ({ answer }) => {
      const status = [429, 529, 503][turn % 3] ?? 503;
      answer(status, '{"error":{"message":"busy","type":"overloaded"}}', {
        'retry-after': AFTER[turn % AFTER.length] ?? '',
      });
      turn += 1;
    };
    const count = long ? 1_000 : 150;
    const calls = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        await pause(index * 5);
        return rig.call();
      }),
    );
    const arrived = rig.witness.arrivals.length;
    expect.that(arrived <= 1.2 * count + 10, `${count} calls became ${arrived} requests`);
    expect.that(
      calls.every(({ status }) => status !== 200 && status !== undefined),
      'a call of the storm was answered',
    );
    return { sent: count, arrived };
  },
  tolerances: { triesMax: 2 },
});

/** Answers that are not what HTTP/1.1 asks for: raw bytes for `connection: close`, and whether they may pass. */
const ODDITIES: Readonly<Record<string, { readonly bytes: string; readonly passes: boolean | 'either' }>> = {
  'HTTP/1.0, ended by close': {
    bytes: 'HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{}',
    passes: 'either',
  },
  'no length, ended by close': {
    bytes: 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{}',
    passes: 'either',
  },
  'shorter than its length': { bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{}', passes: false },
  'a length that is none': { bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 5x\r\n\r\n{}...', passes: false },
  'two lengths': { bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}', passes: false },
  'length and chunks': {
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    passes: false,
  },
  'a chunk size that is none': {
    bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
    passes: false,
  },
  'status 999': { bytes: 'HTTP/1.1 999 What\r\ncontent-length: 2\r\n\r\n{}', passes: false },
  'a flood of 1xx': {
    bytes: `${'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(200)}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}`,
    passes: 'either',
  },
  'line feeds alone': { bytes: 'HTTP/1.1 200 OK\ncontent-length: 2\n\n{}', passes: 'either' },
  'a head of 64 KB': {
    bytes: `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(65_536)}\r\ncontent-length: 2\r\n\r\n{}`,
    passes: false,
  },
  'no HTTP at all': { bytes: 'SSH-2.0-OpenSSH_9.2\r\n', passes: false },
};

const odd: Scenario['run'] = async (setting) => {
  let bytes = '';
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.once('data', () => socket.end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  try {
    return await withUpstream({
      rig: {
        config: (_, { witness }) => ({
          upstreams: {
            up: upstreamAt(`${witness.url}/v1`),
            odd: { ...upstreamAt(`http://127.0.0.1:${port}/v1`), circuit: { failures: 1_000 } },
          },
        }),
      },
      run: async (rig, expect) => {
        let passed = 0;
        for (const [name, oddity] of Object.entries(ODDITIES)) {
          ({ bytes } = oddity);
          const { status, text, code } = await rig.call(undefined, { at: 'odd', unwitnessed: true });
          // Once the head has passed there is no refusal any more: the connection is cut, and the client knows.
          const isRefused = (status === 502 && GATEWAY_ERRORS.has(code)) || status === undefined;
          if (status === 200) passed += 1;
          const isRight =
            oddity.passes === 'either' ? status === 200 || isRefused : oddity.passes ? status === 200 : isRefused;
          expect.that(isRight, `${name}: ${status} ${text.slice(0, 200)}`);
        }
        const after = await rig.call(undefined, { at: 'up' });
        expect.that(after.status === 200, `after all that a good answer gave ${after.status} ${after.text}`);
        return { oddities: Object.keys(ODDITIES).length, passed };
      },
    })(setting);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
};

const PIECE = Buffer.alloc(65_536, 'x');
/** To a reader that reads: V8 collects what was read before after every 32 MB of it or so. One that stops costs next to nothing. */
const RSS_MAX_MB = 64;

const endless = withUpstream({
  rig: {
    config: (_, { witness }) => ({
      upstreams: { files: { protocol: 'http', url: witness.url, credential: 'env:UPSTREAM_KEY', price: 'free' } },
    }),
  },
  run: async (rig, expect, { long }) => {
    const total = (long ? 1_024 : 128) * 1_048_576;
    rig.witness.behave = ({ response }) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': String(total) });
      let left = total;
      const more = (): void => {
        while (left > 0) {
          left -= PIECE.length;
          if (!response.write(PIECE)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    };
    const { process } = rig.places[0] ?? {};
    if (!process) throw new Error('no gateway');
    await download(process, { bearer: rig.bearer, path: '/http/files/warm' });
    const before = rssMb(process.pid);
    let highest = before;
    const timer = setInterval(() => (highest = Math.max(highest, rssMb(process.pid))), 50);
    const got = await download(process, { bearer: rig.bearer, path: '/http/files/large' });
    clearInterval(timer);
    expect.that(got === total, `${got} bytes came of ${total}`);
    expect.that(highest - before <= RSS_MAX_MB, `memory grew by ${highest - before} MB`);
    return { megabytes: total / 1_048_576, grewMb: highest - before };
  },
});

function rssMb(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1_024);
}

export const UPSTREAMS: readonly Scenario[] = [
  { id: 'F-U1', title: 'no connection: refused, no such name, no TLS', run: unreached },
  { id: 'F-U2', title: 'an answer breaks off, at every place', run: broken },
  { id: 'F-U3', title: 'no first byte, and a stall in mid-stream', run: stalled },
  { id: 'F-U4', title: 'a storm of 429, 529 and 503', run: storm },
  { id: 'F-U6', title: 'answers that are odd HTTP', run: odd },
  { id: 'F-U7', title: 'an answer of a gigabyte', run: endless },
];
