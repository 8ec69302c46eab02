// Trees of streams that are killed, from a process of its own: how long until the last of them has ended.
//   node bench/kill.ts '{"gateways":[…],"kills":…}'   prints the times as JSON
import { Agent, type IncomingMessage, request } from 'node:http';

export interface Kills {
  readonly gateways: readonly {
    readonly url: string;
    readonly adminUrl: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly operator: string;
  }[];
  readonly body: string;
  readonly kills: number;
  /** Open at each kill, spread over the gateways and over as many runs. */
  readonly streams: number;
}

export interface KillResult {
  /** From the acknowledgement to the end of the last stream, in milliseconds, one per kill; less than 0 where all ended before. */
  readonly times: readonly number[];
}

const OPEN_MS = 60_000;
const OPENED_TOGETHER = 50;
/** Redis is late on a busy machine; the opening is not what is measured. */
const LATE = 503;
const END_MS = 30_000;

const { gateways, body, kills, streams } = JSON.parse(process.argv[2] ?? '{}') as Kills;
const agent = new Agent({ maxSockets: Infinity });
const times: number[] = [];
for (let index = 0; index < kills; index += 1) times.push(await killOne(`kill-${process.pid}-${index}`, index));
const result: KillResult = { times };
process.stdout.write(JSON.stringify(result));
agent.destroy();

async function killOne(name: string, index: number): Promise<number> {
  const open = await within(OPEN_MS, openAll(name));
  const ends = Promise.all(open.map(endOf));
  const root = await rootOf(name);
  const { adminUrl, operator } = gateways[index % gateways.length] as Kills['gateways'][number];
  const killed = await fetch(`${adminUrl}/api/runs/${root}/kill`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tenant: 'bench', reason: 'the bench' }),
  });
  const acknowledged = performance.now();
  if (killed.status !== 200) throw new Error(`the kill was answered with ${killed.status} ${await killed.text()}`);
  return Math.max(...(await within(END_MS, ends))) - acknowledged;
}

async function openAll(name: string): Promise<readonly IncomingMessage[]> {
  const opened: IncomingMessage[] = [];
  while (opened.length < streams) {
    const some = Math.min(OPENED_TOGETHER, streams - opened.length);
    const ats = Array.from({ length: some }, (_, index) => opened.length + index);
    opened.push(...(await Promise.all(ats.map((at) => openOne(name, at)))));
  }
  return opened;
}

/** Resolves once it has had its first event. */
function openOne(name: string, at: number): Promise<IncomingMessage> {
  const { url, headers } = gateways[at % gateways.length] as Kills['gateways'][number];
  const own = { ...headers, 'waygate-run': `${name}/b${at % 10}/l${at}` };
  return new Promise((resolve, reject) => {
    const call = request(`${url}/v1/chat/completions`, { method: 'POST', agent, headers: own }, (answer) => {
      answer.on('error', () => {});
      if (answer.statusCode === LATE) {
        answer.resume();
        resolve(openOne(name, at));
      } else if (answer.statusCode === 200) answer.once('data', () => resolve(answer));
      else reject(new Error(`a stream was answered with ${answer.statusCode}`));
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** When it ended. Rejects where that was no kill. */
function endOf(answer: IncomingMessage): Promise<number> {
  let text = '';
  answer.on('data', (data: Buffer) => (text += data.toString()));
  return new Promise((resolve, reject) => {
    answer.once('close', () => {
      if (text.includes('run.killed')) resolve(performance.now());
      else reject(new Error(`a stream ended without its kill: ${text.slice(-200)}`));
    });
  });
}

/** The id of a tree's root: that of any answer in it. */
async function rootOf(name: string): Promise<string> {
  const [{ url, headers } = { url: '', headers: {} }] = gateways;
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...headers, 'waygate-run': name },
    body: body.replace('"user":"hold",', '').replace('"stream":true', '"stream":false'),
  });
  await answer.arrayBuffer();
  return answer.headers.get('waygate-run') ?? '';
}

async function within<T>(ms: number, pending: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not done within ${ms / 1_000} s`)), ms);
  return Promise.race([pending, late.promise]).finally(() => clearTimeout(timer));
}
