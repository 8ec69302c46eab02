// Section 3I: nothing in a request says where it goes.
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { chat, openRange, type Range } from '../../support/range.ts';
import { statusOf } from '../../support/raw-http.ts';

let range: Range;
let sink: Server;
let connects = 0;
let elsewhere = '';
beforeAll(async () => {
  sink = createServer((socket) => {
    connects += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  const address = sink.address();
  elsewhere = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  range = await openRange();
});
afterAll(async () => {
  await range.close();
  sink.close();
});
afterEach(() => expect(connects).toBe(0));

/** What other gateways, proxies and SDKs take a destination from. */
const FIELDS = [
  'x-upstream',
  'x-upstream-url',
  'x-target',
  'x-target-url',
  'x-target-host',
  'x-base-url',
  'x-api-base',
  'x-provider',
  'x-endpoint',
  'x-host',
  'x-forwarded-host',
  'x-forwarded-server',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-original-host',
  'x-original-url',
  'x-rewrite-url',
  'x-proxy-url',
  'x-portkey-custom-host',
  'x-portkey-config',
  'x-litellm-api-base',
  'helicone-target-url',
  'helicone-openai-api-base',
  'x-envoy-original-dst-host',
  'x-ai-eg-model',
  'cf-aig-custom-provider',
  'x-stainless-base-url',
  'openai-base-url',
  'azure-endpoint',
  'forwarded',
];

describe('U-01 VR-07 a header field', () => {
  test.each(FIELDS)('%s does not say where a call goes', async (name) => {
    for (const value of [elsewhere, `http://${elsewhere}`, `http://${elsewhere}/v1`]) {
      expect(statusOf(await range.shoot(chat({ bearer: range.bearer, fields: [`${name}: ${value}`] })))).toBe(200);
    }
    expect(range.received().map(({ method, url }) => `${method} ${url}`)).toEqual(
      Array(3).fill('POST /v1/chat/completions'),
    );
  });
});

describe('U-01 VR-07 a member of a body', () => {
  const members = [
    'api_base',
    'base_url',
    'baseURL',
    'api_url',
    'url',
    'endpoint',
    'azure_endpoint',
    'host',
    'custom_host',
    'upstream',
    'provider',
    'target',
    'proxy',
    'proxy_url',
    'redirect',
    'callback',
    'webhook',
    'webhook_url',
    'server_url',
    'custom_llm_provider',
    'api_key',
    'deployment_id',
    'aws_bedrock_runtime_endpoint',
    'vertex_project',
    'litellm_params',
    'user_config',
    'extra_headers',
    'metadata',
  ];
  test.each(members)('%s does not say where a call goes', async (name) => {
    const body = `{"model":"small","messages":[],"${name}":"http://${elsewhere}/"}`;
    expect(statusOf(await range.shoot(chat({ bearer: range.bearer, body })))).toBe(200);
    expect(range.received()).toHaveLength(1);
  });
});

describe('U-01 a model', () => {
  test.each([
    () => `http://${elsewhere}/v1`,
    () => `//${elsewhere}/x`,
    () => `up/../../${elsewhere}`,
    () => `${elsewhere}/small`,
    () => `../files`,
    () => `small?x=http://${elsewhere}`,
    () => `small@${elsewhere}`,
    () => `small#${elsewhere}`,
  ])('called like an address (%#) is a name, and leads nowhere else', async (name) => {
    const status = statusOf(
      await range.shoot(chat({ bearer: range.bearer, body: `{"model":"${name()}","messages":[]}` })),
    );
    expect([200, 400, 403, 404]).toContain(status);
    const sent = range.received();
    expect(sent.length).toBe(status === 200 ? 1 : 0);
    for (const { url } of sent) expect(url).toBe('/v1/chat/completions');
  });
});

describe('U-01 a target', () => {
  test.each([
    ['a whole address', (there: string) => `http://${there}/v1/chat/completions`],
    ['an address without its scheme', (there: string) => `//${there}/v1/chat/completions`],
    ['an upstream that is one', (there: string) => `/${there}/v1/chat/completions`],
    ['an upstream that is encoded', (there: string) => `/http%3a%2f%2f${there}/v1/chat/completions`],
    ['a user in the path', (there: string) => `/v1@${there}/chat/completions`],
  ])('with %s leads nowhere', async (_, target) => {
    expect([400, 404]).toContain(
      statusOf(await range.shoot(chat({ bearer: range.bearer, target: target(elsewhere) }))),
    );
    expect(range.received()).toEqual([]);
  });

  test('with the address in its query alone goes where it would go without', async () => {
    const target = `/v1/chat/completions?url=http://${elsewhere}&api_base=http://${elsewhere}`;
    expect(statusOf(await range.shoot(chat({ bearer: range.bearer, target })))).toBe(200);
    expect(range.received()).toHaveLength(1);
  });
});

test('U-01 the host of another machine is no destination', async () => {
  const bytes = chat({ bearer: range.bearer }).replace('host: localhost', `host: ${elsewhere}`);
  expect(statusOf(await range.shoot(bytes))).toBe(200);
  expect(range.received()[0]?.headers.host).not.toBe(elsewhere);
});
