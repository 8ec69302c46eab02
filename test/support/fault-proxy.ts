// A TCP proxy on loopback that spoils what passes: put before Redis or an upstream, its faults are switched while it runs.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type Faults, lane, type Lane } from './fault-lane.ts';
import { type Random, seededRandom } from './random.ts';

export type { Faults } from './fault-lane.ts';

export interface FaultProxy {
  readonly port: number;
  /** What happens to bytes from the client, and to those from the server. Assign fields, or `heal()`. */
  readonly toServer: Faults;
  readonly toClient: Faults;
  /** New connections are reset as soon as they are made. */
  refusing: boolean;
  /** Connections made so far, and those open now. */
  readonly made: number;
  readonly open: number;
  /** Connections that a fault has cut. */
  readonly cut: number;
  /** Resets every connection open now (RST both ways). */
  reset(): void;
  /** Sends FIN one way on every connection open now; the other way stays. */
  halfClose(direction: 'toServer' | 'toClient'): void;
  /** Takes every fault away. What a black hole has swallowed does not come back: such connections are reset. */
  heal(): void;
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  /** Where it passes connections on: a port of this machine. */
  readonly to: number;
  /** Where it listens; a free port unless given. */
  readonly port?: number;
  /** Decides what is swallowed and how much latency varies. */
  readonly random?: Random;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly lanes: { readonly toServer: Lane; readonly toClient: Lane };
}

/** Starts without any fault. */
export async function faultProxy({ to, port = 0, random = seededRandom(1) }: FaultProxyOptions): Promise<FaultProxy> {
  const links = new Set<Link>();
  const toServer: Faults = {};
  const toClient: Faults = {};
  const counts = { made: 0, cut: 0 };
  const state = { refusing: false };

  const cut = (link: Link): void => {
    link.client.resetAndDestroy();
    link.server.resetAndDestroy();
  };
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    counts.made += 1;
    client.on('error', () => {});
    if (state.refusing) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    server.on('error', () => client.resetAndDestroy());
    client.on('error', () => server.resetAndDestroy());
    const spoil = (): void => {
      counts.cut += 1;
      cut(link);
    };
    const lanes = {
      toServer: lane({ from: client, to: server, faults: toServer, random, spoil }),
      toClient: lane({ from: server, to: client, faults: toClient, random, spoil }),
    };
    const link: Link = { client, server, lanes };
    links.add(link);
    // A socket that was reset by its peer says `close` alone; the other end must hear of it.
    client.on('close', (broken) => (broken ? server.resetAndDestroy() : undefined));
    server.on('close', (broken) => (broken ? client.resetAndDestroy() : undefined));
    const gone = (): void => void (client.destroyed && server.destroyed && links.delete(link));
    client.on('close', gone);
    server.on('close', gone);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(port, '127.0.0.1', resolve);
  });

  return {
    port: (listener.address() as AddressInfo).port,
    toServer,
    toClient,
    get refusing() {
      return state.refusing;
    },
    set refusing(refusing) {
      state.refusing = refusing;
    },
    get made() {
      return counts.made;
    },
    get open() {
      return links.size;
    },
    get cut() {
      return counts.cut;
    },
    reset: () => links.forEach(cut),
    halfClose: (direction) => links.forEach((link) => link.lanes[direction].end()),
    heal() {
      state.refusing = false;
      for (const faults of [toServer, toClient])
        for (const name of Object.keys(faults) as (keyof Faults)[]) delete faults[name];
      for (const link of links) if (link.lanes.toServer.lossy || link.lanes.toClient.lossy) cut(link);
    },
    async close() {
      links.forEach(cut);
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
