// The connection: nothing may wait, whatever state the server is in.
import { type AddressInfo, connect as open, createServer, type Server, type Socket } from 'node:net';
import { createRedisMock } from 'js-redis-server';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { assertNoEviction } from '../../src/limits/eviction.ts';
import { connectRedis, type RedisClient, type RedisConfig } from '../../src/limits/redis.ts';
import { redisStore } from '../../src/limits/redis-store.ts';
import { freePort, type RedisServer, startRedis } from '../support/redis.ts';
import { asks, callId, claim, freshTenant } from './ledger.ts';
import { HAS_SERVER, tell, until } from './servers.ts';

const DECISION_MAX_MS = 250;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function server(extra: readonly string[] = []): Promise<RedisServer> {
  const started = await startRedis(extra);
  cleanUps.push(() => started.stop());
  return started;
}

function connect(config: RedisConfig): RedisClient {
  const client = connectRedis(config);
  cleanUps.push(() => client.close());
  return client;
}

/** Past all that is due by then: a busy machine runs timers late, and late ones together. */
async function past(ms: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return `nothing within ${ms} ms`;
}

/** Admits some calls together, expects each to be refused in time, and says why the first was. */
async function refusedInTime(client: RedisClient): Promise<Error> {
  const store = redisStore({ client });
  const refuse = async (): Promise<Error> => {
    const admission = store.admit(asks(freshTenant(), [claim()])).catch((thrown: unknown) => thrown);
    const error = await Promise.race([admission, past(DECISION_MAX_MS)]);
    expect(error).toMatchObject({ code: 'limit.unavailable', retryAfterMs: 2_000 });
    return (error as Error).cause as Error;
  };
  const causes = await Promise.all(Array.from({ length: 20 }, refuse));
  return causes[0] as Error;
}

const serves = (client: RedisClient) => (): Promise<boolean> =>
  redisStore({ client })
    .admit(asks(freshTenant(), [claim()]))
    .then(
      () => true,
      () => false,
    );

describe.runIf(HAS_SERVER)('a redis', () => {
  test('that is not there refuses every call at once, is told of, and serves as soon as it is', async () => {
    const port = await freePort();
    const errors: Error[] = [];
    const client = connect({ url: `redis://127.0.0.1:${port}`, onError: (error) => void errors.push(error) });
    expect((await refusedInTime(client)).name).toBe('NotAsked');
    expect(await client.ping()).toBe(false);
    await until('the failure is told', () => errors.length > 0);
    const { stop } = await startOn(port);
    cleanUps.push(stop);
    await client.connected();
    await until('it answers', () => client.ping());
    await until('it serves', serves(client));
  });

  test('that freezes refuses within 250 ms, then at once, and serves again when it thaws', async () => {
    const frozen = await server();
    const client = connect({ url: frozen.url });
    await client.connected();
    frozen.freeze();
    cleanUps.push(() => frozen.thaw());
    expect((await refusedInTime(client)).message).toBe('no answer within 150 ms');
    expect(await client.ping()).toBe(false);
    await until('the silent connection is dropped', async () => (await refusedInTime(client)).name === 'NotAsked');
    frozen.thaw();
    await until('it serves again', serves(client));
  });

  test('that is frozen when it is first asked refuses at once, and is connected when it thaws', async () => {
    const frozen = await server();
    frozen.freeze();
    cleanUps.push(() => frozen.thaw());
    const client = connect({ url: frozen.url });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await refusedInTime(client)).name).toBe('NotAsked');
    frozen.thaw();
    await client.connected();
    await until('it serves', serves(client));
  });

  test('that is killed with calls under way refuses them and all others within 250 ms, and serves after its restart', async () => {
    const killed = await server();
    const client = connect({ url: killed.url });
    await client.connected();
    killed.freeze();
    const underWay = refusedInTime(client);
    await killed.kill();
    await underWay;
    await refusedInTime(client);
    await killed.restart();
    await until('it serves again', serves(client));
  });

  test('that forgot its scripts is given them again, and no call sees it', async () => {
    const forgetful = await server();
    const client = connect({ url: forgetful.url, commandTimeoutMs: 10_000 });
    await client.connected();
    const store = redisStore({ client });
    const tenant = freshTenant();
    const rate = claim({ ask: 1, limit: 300, mode: 'spend', window: { kind: 'rolling', ms: 3_600_000 } });
    const answers: Promise<{ kind: string }>[] = [];
    await tell(forgetful.port, async (redis) => {
      for (let round = 0; round < 10; round += 1) {
        for (let i = 0; i < 50; i += 1) answers.push(store.admit(asks(tenant, [rate])));
        await redis.script('FLUSH');
      }
    });
    const kinds = (await Promise.all(answers)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'admitted')).toHaveLength(300);
    expect(kinds.filter((kind) => kind === 'exceeded')).toHaveLength(200);
  });

  test('that was made a replica is left, and asked again as a new connection', async () => {
    const demoted = await server();
    const client = connect({ url: demoted.url });
    await client.connected();
    let closed = 0;
    client.connection.on('close', () => (closed += 1));
    await tell(demoted.port, (redis) => redis.replicaof('127.0.0.1', 1));
    await refusedInTime(client);
    await until('the connection is left', () => closed === 1);
    await tell(demoted.port, (redis) => redis.replicaof('NO', 'ONE'));
    await until('it serves again', serves(client));
  });

  test('that needs a login gets the one of its url', async () => {
    const guarded = await server();
    await tell(guarded.port, (redis) => redis.config('SET', 'requirepass', 'p@ss:word'));
    const client = connect({ url: `redis://default:${encodeURIComponent('p@ss:word')}@127.0.0.1:${guarded.port}/3` });
    await client.connected();
    await until('it serves', serves(client));
    expect(client.connection.options).toMatchObject({ db: 3 });
  });

  test.each(['allkeys-lru', 'volatile-ttl'])('that may evict ledgers (%s) is refused', async (policy) => {
    const evicting = await server(['--maxmemory-policy', policy]);
    const client = connect({ url: evicting.url, commandTimeoutMs: 10_000 });
    await client.connected();
    const nodes = await client.evictions();
    expect(() => assertNoEviction(nodes)).toThrow(`its maxmemory-policy is \`${policy}\``);
  });

  test('that never evicts is accepted', async () => {
    const keeping = await server(['--maxmemory', '50mb', '--maxmemory-policy', 'noeviction']);
    const client = connect({ url: keeping.url, commandTimeoutMs: 10_000 });
    await client.connected();
    assertNoEviction(await client.evictions());
  });

  test('that is full refuses, and loses nothing that it has', async () => {
    const full = await server(['--maxmemory-policy', 'noeviction']);
    const client = connect({ url: full.url, commandTimeoutMs: 10_000 });
    await client.connected();
    const store = redisStore({ client });
    const tenant = freshTenant();
    await store.admit(asks(tenant, [claim({ ask: 60 })]));
    await tell(full.port, (redis) => redis.config('SET', 'maxmemory', '1'));
    await expect(store.admit(asks(tenant, [claim()]))).rejects.toMatchObject({ code: 'limit.unavailable' });
    await tell(full.port, (redis) => redis.config('SET', 'maxmemory', '0'));
    expect(await store.admit(asks(tenant, [claim({ ask: 50 })]))).toMatchObject({
      kind: 'exceeded',
      states: [{ held: 60 }],
    });
  });
});

/** A server on a port that was told before it was there. */
async function startOn(port: number): Promise<{ stop: () => Promise<void> }> {
  const real = await startRedis();
  const forward = await forwarder(real.port, port);
  return {
    async stop() {
      forward.close();
      await real.stop();
    },
  };
}

interface Forwarder {
  /** While true, what the server says is swallowed. */
  deaf: boolean;
  readonly port: number;
  /** Ends every connection, and hears again. */
  cut(): void;
  close(): void;
}

async function forwarder(to: number, port = 0): Promise<Forwarder> {
  const sockets = new Set<Socket>();
  const listener: Server = createServer((near) => {
    const far = open(to, '127.0.0.1');
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}));
    near.on('data', (data) => far.write(data)).on('close', () => far.destroy());
    far.on('data', (data) => void (forward.deaf || near.write(data))).on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve));
  const forward = {
    deaf: false,
    port: (listener.address() as { port: number }).port,
    cut() {
      forward.deaf = false;
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    close() {
      listener.close();
      forward.cut();
    },
  };
  return forward;
}

describe.runIf(HAS_SERVER)('an answer that is lost', () => {
  test('leaves a change that may be repeated, and is booked once', async () => {
    const real = await server();
    const forward = await forwarder(real.port);
    cleanUps.push(() => forward.close());
    const client = connect({ url: `redis://127.0.0.1:${forward.port}`, commandTimeoutMs: 1_000 });
    await client.connected();
    const store = redisStore({ client });
    const tenant = freshTenant();
    const request = asks(tenant, [claim({ ask: 40 }), claim({ key: 'rate', ask: 1, mode: 'spend' })]);
    // The server knows the scripts, so that each question is answered at once.
    await store.admit(asks(tenant, []));
    await store.settle({ tenant, call: callId(), actual: [] });

    forward.deaf = true;
    await expect(store.admit(request)).rejects.toMatchObject({ code: 'limit.unavailable' });
    forward.cut();
    await until('it answers again', serves(client));
    expect(await store.admit(request)).toMatchObject({ kind: 'admitted', states: [{ held: 40 }, { settled: 1 }] });

    forward.deaf = true;
    await expect(store.settle({ tenant, call: request.call, actual: [7] })).rejects.toMatchObject({
      code: 'limit.unavailable',
    });
    forward.cut();
    await until('it answers again', serves(client));
    expect(await store.settle({ tenant, call: request.call, actual: [7] })).toBe(false);
    expect(await store.admit(asks(tenant, [claim({ ask: 0 })]))).toMatchObject({ states: [{ settled: 7, held: 0 }] });
  });
});

describe('a redis client', () => {
  test('that is closed before it was connected says so to who waits', async () => {
    const client = connectRedis({ url: `redis://127.0.0.1:${await freePort()}` });
    client.close();
    await expect(client.connected()).rejects.toThrow('closed before it was connected');
  });

  test('asks for the eviction policy where INFO does not tell it', async () => {
    const emulator = await createRedisMock();
    cleanUps.push(() => emulator.close());
    const client = connect({ url: emulator.url, commandTimeoutMs: 10_000 });
    await client.connected();
    expect(await client.evictions()).toMatchObject([{ policy: 'noeviction', evicted: 0 }]);
  });

  test('refuses an address that is none, without repeating it', () => {
    expect(() => connectRedis({ url: 'http://user:secret@host' })).toThrow(
      'the address of redis is not like `redis://user:password@host:port/database`',
    );
    expect(() => connectRedis({ url: 'redis://host', cluster: { nodes: ['host'] } })).toThrow(
      '`host` is not a node like `host:port`',
    );
  });

  test('speaks TLS to every node where its url says so', () => {
    const url = 'rediss://user:secret@127.0.0.1:1';
    const alone = connect({ url });
    expect(alone.connection.options).toMatchObject({ tls: {}, password: 'secret', username: 'user' });
    const watched = connect({ url, sentinel: { name: 'ledger', nodes: ['127.0.0.1:1'] } });
    expect(watched.connection.options).toMatchObject({ tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true });
    const cluster = connect({ url, cluster: { nodes: ['127.0.0.1:2'] } });
    expect(cluster.connection.options).toMatchObject({ redisOptions: { tls: {}, password: 'secret' } });
    let named = '';
    const { dnsLookup } = cluster.connection.options as {
      dnsLookup: (name: string, found: (e: unknown, a: string) => void) => void;
    };
    dnsLookup('node-1.cache.example', (_error, address) => void (named = address));
    expect(named).toBe('node-1.cache.example');
  });
});

test('the shared redis of the test run serves', async () => {
  const client = connect({ url: inject('redisUrl'), commandTimeoutMs: 10_000 });
  await client.connected();
  await until('it serves', serves(client));
});

test('a server whose INFO says nothing of evictions is asked for its configuration', async () => {
  const fake = createServer((socket) => {
    socket.on('data', (data) => {
      // One answer for each command: `*N` begins one, and its name follows in a line of its own.
      for (const [, name = ''] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g))
        socket.write(answerTo(name.toLowerCase()));
    });
  });
  const answerTo = (name: string): string => {
    if (name === 'info') return '$9\r\nloading:0\r\n';
    return name === 'config' ? '*2\r\n$16\r\nmaxmemory-policy\r\n$10\r\nnoeviction\r\n' : '+OK\r\n';
  };
  await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
  const { port } = fake.address() as AddressInfo;
  const client = connect({ url: `redis://127.0.0.1:${port}`, commandTimeoutMs: 10_000 });
  await client.connected();
  expect(await client.evictions()).toEqual([{ node: `127.0.0.1:${port}`, policy: 'noeviction', evicted: 0 }]);
  cleanUps.push(() => fake.close());
});
