// What goes wrong while clients work, one thing after the other, as the dice say.
import type { RedisServer } from '../../../support/redis.ts';
import { tell } from '../../../limits/servers.ts';
import type { Dice } from '../dice.ts';
import type { Clients } from './clients.ts';

export interface NemesisSource {
  readonly server: RedisServer;
  readonly clients: Clients;
  readonly dice: Dice;
}

const FAULTS = {
  /** A client process dies. */
  async kill({ clients, dice }: NemesisSource) {
    await clients.kill(dice.int(0, clients.proxies.length - 1));
  },
  /** The server stands still, its connections open. */
  async freeze({ server, dice }: NemesisSource) {
    server.freeze();
    await pause(dice.int(50, 1_200));
    server.thaw();
  },
  /** The server dies, and comes back with all that it has acknowledged. */
  async restart({ server, dice }: NemesisSource) {
    await server.kill();
    await pause(dice.int(0, 400));
    await server.restart();
  },
  async flush({ server }: NemesisSource) {
    await tell(server.port, (redis) => redis.script('FLUSH'));
  },
  async reset({ clients, dice }: NemesisSource) {
    dice.pick(clients.proxies).reset();
  },
  swallowRequests: (source: NemesisSource) => spoiled(source, (proxy) => (proxy.toServer.swallow = 0.05)),
  swallowReplies: (source: NemesisSource) => spoiled(source, (proxy) => (proxy.toClient.swallow = 0.05)),
  loseRequests: (source: NemesisSource) => spoiled(source, (proxy) => (proxy.toServer.blackHole = true)),
  loseReplies: (source: NemesisSource) => spoiled(source, (proxy) => (proxy.toClient.blackHole = true)),
  /** Answers come after their deadline, and what was asked has been done. */
  lateReplies: (source: NemesisSource) => spoiled(source, (proxy) => (proxy.toClient.latencyMs = 250)),
} as const;

export type Fault = keyof typeof FAULTS;

/** Works until `signal` says that it is over; then everything is as it was. Gives how often each fault came. */
export async function nemesis(source: NemesisSource, signal: AbortSignal): Promise<ReadonlyMap<Fault, number>> {
  const counts = new Map<Fault, number>();
  while (!signal.aborted) {
    const fault = source.dice.pick(Object.keys(FAULTS) as Fault[]);
    counts.set(fault, (counts.get(fault) ?? 0) + 1);
    await FAULTS[fault](source);
    await pause(source.dice.int(50, 400));
  }
  return counts;
}

async function spoiled(
  { clients, dice }: NemesisSource,
  spoil: (proxy: Clients['proxies'][number]) => void,
): Promise<void> {
  const proxy = dice.pick(clients.proxies);
  spoil(proxy);
  await pause(dice.int(100, 600));
  proxy.heal();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
