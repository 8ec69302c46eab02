// The client processes of one history: each behind a fault proxy of its own, replaced where it was killed.
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FaultProxy, faultProxy } from '../../../support/fault-proxy.ts';
import { seededRandom } from '../../../support/random.ts';
import type { ClientOptions } from './client.ts';

const CLIENT = fileURLToPath(new URL('client.ts', import.meta.url));

export interface ClientsOptions {
  readonly count: number;
  readonly port: number;
  readonly tenant: string;
  readonly seed: number;
  /** Where their logs go. */
  readonly dir: string;
}

interface Place {
  readonly proxy: FaultProxy;
  process: ChildProcess;
}

export class Clients {
  readonly #options: ClientsOptions;
  readonly #places: Place[] = [];
  readonly #operations = new Map<string, number>();
  #isOver = false;

  private constructor(options: ClientsOptions) {
    this.#options = options;
  }

  static async start(options: ClientsOptions): Promise<Clients> {
    const clients = new Clients(options);
    const { count, port, seed } = options;
    for (let place = 0; place < count; place += 1) {
      const proxy = await faultProxy({ to: port, random: seededRandom(seed + place) });
      clients.#places.push({ proxy, process: clients.#fork(proxy) });
    }
    return clients;
  }

  get operations(): number {
    return [...this.#operations.values()].reduce((sum, some) => sum + some, 0);
  }

  get logs(): readonly string[] {
    return [...this.#operations.keys()];
  }

  get proxies(): readonly FaultProxy[] {
    return this.#places.map(({ proxy }) => proxy);
  }

  /** SIGKILL; another one takes its place. */
  async kill(index: number): Promise<void> {
    const place = this.#places[index] as Place;
    await ended(place.process, () => place.process.kill('SIGKILL'));
    if (!this.#isOver) place.process = this.#fork(place.proxy);
  }

  /** Lets them end what they have begun, and waits for it. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(
      this.#places.map(({ process }) => ended(process, () => process.connected && process.send('stop'))),
    );
    await Promise.all(this.#places.map(({ proxy }) => proxy.close()));
  }

  #fork(proxy: FaultProxy): ChildProcess {
    const { tenant, seed, dir } = this.#options;
    const name = `client-${this.#operations.size + 1}`;
    const log = join(dir, `${tenant}-${name}.jsonl`);
    const url = `redis://127.0.0.1:${proxy.port}`;
    const options: ClientOptions = { url, name, tenant, seed: seed + this.#operations.size, log };
    this.#operations.set(log, 0);
    const child = fork(CLIENT, [JSON.stringify(options)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', (operations: number) => void this.#operations.set(log, operations));
    return child;
  }
}

async function ended(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  end();
  await gone;
}
