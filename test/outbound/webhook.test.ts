import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { outboundClient, type OutboundClient } from '../../src/outbound/client.ts';
import { signatureOf, webhook, type Webhook, type WebhookSource } from '../../src/outbound/webhook.ts';

const NOW = Date.UTC(2026, 10, 23, 12);

interface Arrived {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let url: string;
let client: OutboundClient;
let arrived: Arrived[];
/** Answers to come, then 200. */
let statuses: number[];

beforeAll(async () => {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      arrived.push({ method: request.method, headers: request.headers, body });
      const status = statuses.shift() ?? 200;
      response.writeHead(status, status === 307 ? { location: `${url}/elsewhere` } : {}).end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/hook`;
  client = outboundClient({ allowPrivate: [], allowLoopback: true });
});
afterAll(async () => {
  await client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

let hooks: Webhook[];
let lost: string[];
/** What waits to be tried again. */
let pauses: { readonly ms: number; readonly work: () => void }[];

beforeEach(() => {
  arrived = [];
  statuses = [];
  hooks = [];
  lost = [];
  pauses = [];
});
afterEach(() => Promise.all(hooks.map((hook) => hook.close())));

function open(parts: Partial<WebhookSource> = {}): Webhook {
  const made = webhook({
    client,
    url,
    secret: 'whsec_1',
    clock: { now: () => NOW },
    after: (ms, work) => {
      const pause = { ms, work };
      pauses.push(pause);
      return () => void pauses.splice(pauses.indexOf(pause), 1);
    },
    onLost: (id, why) => void lost.push(`${id}: ${why}`),
    ...parts,
  });
  hooks.push(made);
  return made;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

async function again(): Promise<number> {
  await until(() => pauses.length > 0);
  const [{ ms, work }] = pauses.splice(0, 1) as [(typeof pauses)[number]];
  work();
  return ms;
}

test('a notice arrives as JSON, signed over time and body', async () => {
  const hook = open();
  hook.send('appr_1', { text: 'é & more', event: 'approval.requested' });
  await until(() => hook.size === 0);
  const [{ method, headers, body }] = arrived as [Arrived];
  expect({ method, body }).toEqual({ method: 'POST', body: '{"text":"é & more","event":"approval.requested"}' });
  expect(headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8', 'waygate-delivery': 'appr_1' });
  const digest = createHmac('sha256', 'whsec_1')
    .update(`${NOW / 1_000}.${body}`)
    .digest('hex');
  expect(headers['waygate-signature']).toBe(`t=${NOW / 1_000},v1=${digest}`);
  expect(lost).toEqual([]);
});

test('a signature differs with secret, time and body', () => {
  const one = signatureOf('a', 1, 'x');
  expect(one).toMatch(/^t=1,v1=[0-9a-f]{64}$/);
  for (const other of [signatureOf('b', 1, 'x'), signatureOf('a', 2, 'x'), signatureOf('a', 1, 'y')]) {
    expect(other.split('v1=')[1]).not.toBe(one.split('v1=')[1]);
  }
});

test('without a secret it goes unsigned', async () => {
  const hook = open({ secret: undefined });
  hook.send('appr_1', {});
  await until(() => hook.size === 0);
  expect(arrived[0]?.headers['waygate-signature']).toBeUndefined();
});

test('a receiver that fails is tried three times, later each time, with the same notice', async () => {
  statuses = [500, 503];
  const hook = open();
  hook.send('appr_1', { text: 'x' });
  expect([await again(), await again()]).toEqual([1_000, 10_000]);
  await until(() => hook.size === 0);
  expect(arrived.map(({ body }) => body)).toEqual(Array.from({ length: 3 }, () => '{"text":"x"}'));
  expect(lost).toEqual([]);
});

test('after three tries it is lost, and said to be', async () => {
  statuses = [500, 429, 502, 500];
  const hook = open();
  hook.send('appr_1', {});
  await again();
  await again();
  await until(() => hook.size === 0);
  expect(arrived).toHaveLength(3);
  expect(lost).toEqual(['appr_1: the receiver answered 502']);
});

test.each([400, 401, 404, 410])('a receiver that refuses it (%i) is not asked again', async (status) => {
  statuses = [status];
  const hook = open();
  hook.send('appr_1', {});
  await until(() => hook.size === 0);
  expect(lost).toEqual([`appr_1: the receiver answered ${status}`]);
  expect(pauses).toEqual([]);
});

test('a redirect is not followed', async () => {
  statuses = [307, 307, 307];
  const hook = open();
  hook.send('appr_1', {});
  await again();
  await again();
  await until(() => hook.size === 0);
  expect(lost).toEqual([expect.stringContaining('redirect (307)')]);
  expect(arrived).toHaveLength(3);
});

test('a receiver in a private network, or one without TLS, is never asked', async () => {
  const strict = outboundClient({ allowPrivate: [], allowLoopback: false });
  for (const [address, why] of [
    ['https://169.254.169.254/latest', 'forbidden address'],
    ['https://10.0.0.1/hook', 'private address'],
    ['http://hooks.test/x', 'over https'],
  ] as const) {
    const hook = open({ client: strict, url: address });
    hook.send('appr_1', {});
    await again();
    await again();
    await until(() => hook.size === 0);
    expect(lost.splice(0)).toEqual([expect.stringContaining(why)]);
  }
  await strict.close();
});

test('a receiver that never answers costs a bounded queue, and four connections', async () => {
  let under = 0;
  const hook = webhook({
    client: { post: () => ((under += 1), new Promise<never>(() => {})) },
    url,
    secret: undefined,
    clock: { now: () => NOW },
    after: () => () => {},
    onLost: (id, why) => void lost.push(`${id}: ${why}`),
  });
  for (let n = 0; n < 1_005; n += 1) hook.send(`appr_${n}`, {});
  expect(under).toBe(4);
  expect(hook.size).toBe(1_000);
  expect(lost).toEqual(Array.from({ length: 5 }, (_, n) => `appr_${1_000 + n}: 1000 notices wait already`));
});

test('sending never waits: many notices go four at a time, and all arrive', async () => {
  const hook = open();
  for (let n = 0; n < 20; n += 1) hook.send(`appr_${n}`, { n });
  expect(arrived).toEqual([]);
  await until(() => hook.size === 0);
  expect(arrived.map(({ body }) => (JSON.parse(body) as { n: number }).n).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, n) => n),
  );
});

test('at its end it waits for what is under way, and says what is lost', async () => {
  statuses = [500, 500];
  const hook = open();
  hook.send('appr_1', {});
  await until(() => pauses.length === 1);
  hook.send('appr_2', {});
  await hook.close();
  expect(lost).toEqual(['appr_1: the gateway is ending', 'appr_2: the receiver answered 500']);
  expect(pauses).toEqual([]);
  hook.send('appr_3', {});
  expect(lost.at(-1)).toBe('appr_3: the gateway is ending');
  expect(hook.size).toBe(0);
});

test('at its end it takes up nothing that waits for its turn', async () => {
  const hook = open();
  for (let n = 0; n < 6; n += 1) hook.send(`appr_${n}`, {});
  await hook.close();
  expect(arrived).toHaveLength(4);
  expect(lost).toEqual(['appr_4: the gateway is ending', 'appr_5: the gateway is ending']);
});
