import { Agent, type IncomingMessage, request } from 'node:http';

/** One request of the load. */
export interface Ask {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What the client does that is no good: leaves after the first bytes, leaves in mid-upload, or sends its body slowly. */
  readonly manner?: 'leaves' | 'tears' | 'dawdles';
}

export interface Told {
  /** 0 where no answer came. */
  readonly status: number;
  readonly text: string;
  /** Whether the answer came to its end. */
  readonly whole: boolean;
}

export type Send = (ask: Ask) => Promise<Told>;

/** No answer takes that long: the longest wait for room is below it. */
const HUNG_MS = 25_000;
const DAWDLE_MS = 250;

/** A client with kept connections. Its promises reject only where a call hangs. */
export function client(origin: string): { readonly send: Send; readonly close: () => void } {
  const agent = new Agent({ keepAlive: true });
  return { send: (ask) => send(ask, { origin, agent }), close: () => agent.destroy() };
}

function send(ask: Ask, { origin, agent }: { readonly origin: string; readonly agent: Agent }): Promise<Told> {
  const { method = 'POST', path, headers, body = '', manner } = ask;
  const length = method === 'POST' ? { 'content-length': String(Buffer.byteLength(body)) } : {};
  return new Promise((resolve, reject) => {
    const call = request(origin + path, { method, agent, headers: { ...headers, ...length } });
    const hung = setTimeout(() => {
      call.destroy();
      reject(new Error(`${method} ${path} hung for ${HUNG_MS / 1_000} s`));
    }, HUNG_MS);
    const told = (answer: Told): void => {
      clearTimeout(hung);
      resolve(answer);
    };
    call.once('response', (response) => read(response, manner, told));
    call.on('error', () => told({ status: 0, text: '', whole: false }));
    if (manner === 'tears') {
      call.write(body.slice(0, body.length / 2), () => call.destroy());
    } else if (manner === 'dawdles') {
      call.write(body.slice(0, body.length / 2));
      setTimeout(() => call.end(body.slice(body.length / 2)), DAWDLE_MS);
    } else {
      call.end(body);
    }
  });
}

function read(response: IncomingMessage, manner: Ask['manner'], told: (answer: Told) => void): void {
  const status = response.statusCode ?? 0;
  let text = '';
  response.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (manner === 'leaves') response.destroy();
  });
  response.on('error', () => {});
  response.once('close', () => told({ status, text, whole: response.complete }));
}
