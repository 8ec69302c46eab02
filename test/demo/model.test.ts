import { request } from 'node:http';
import { connect } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DemoServer } from '../../src/demo/loopback-server.ts';
import { startDemoModel } from '../../src/demo/model.ts';

let demo: DemoServer;
beforeAll(async () => {
  demo = await startDemoModel();
});
afterAll(() => demo.close());

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(demo.url + path, { method: 'POST', body, headers });

describe('the demo model', () => {
  test('lists its models in either dialect', async () => {
    const openai = new OpenAI({ baseURL: `${demo.url}/v1`, apiKey: 'unused' });
    const anthropic = new Anthropic({ baseURL: demo.url, apiKey: 'unused' });
    expect((await openai.models.list()).data.map(({ id }) => id)).toEqual(['demo-small', 'demo-large']);
    expect((await anthropic.models.list()).data.map(({ id }) => id)).toEqual(['demo-small', 'demo-large']);
    expect(await openai.models.retrieve('demo-large')).toMatchObject({ id: 'demo-large', object: 'model' });
    expect(await anthropic.models.retrieve('demo-large')).toMatchObject({ id: 'demo-large', type: 'model' });
    await expect(openai.models.retrieve('none')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
    await expect(anthropic.models.retrieve('none')).rejects.toMatchObject({ status: 404, type: 'not_found_error' });
  });

  test('a body that is not JSON, a wrong method and an unknown path are refused in the dialect of the path', async () => {
    const broken = await post('/v1/chat/completions', '{');
    expect(broken.status).toBe(400);
    expect(await broken.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    const get = await fetch(`${demo.url}/v1/messages`);
    expect(get.status).toBe(405);
    expect(await get.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
    const nowhere = await post('/v1/nowhere', '{}', { 'anthropic-version': '2023-06-01' });
    expect(nowhere.status).toBe(404);
    expect(await nowhere.json()).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
    expect((await post('//', '{}')).status).toBe(404);
    expect((await post('/v1/messages?beta=true', '{}')).status).toBe(400);
  });

  test('a body beyond 8 MiB is refused', async () => {
    const huge = await post('/v1/messages', ' '.repeat(8 * 1024 * 1024 + 1));
    expect(huge.status).toBe(413);
    expect(await huge.json()).toMatchObject({ error: { type: 'request_too_large' } });
  });

  test('a client that leaves while it sends harms nobody', async () => {
    await new Promise<void>((resolve) => {
      const half = request(`${demo.url}/v1/messages`, { method: 'POST', headers: { 'content-length': '100' } });
      half.on('error', () => resolve());
      half.write('{', () => half.destroy(new Error('left')));
    });
    expect((await fetch(`${demo.url}/v1/models`)).status).toBe(200);
  });

  test('closing ends open streams and kept connections at once', async () => {
    const other = await startDemoModel();
    const { hostname, port } = new URL(other.url);
    const idle = connect(Number(port), hostname);
    await new Promise((resolve) => idle.once('connect', resolve));
    const idleEnded = new Promise((resolve) => idle.once('close', resolve));
    const stream = await fetch(`${other.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'demo-small', messages: [{ role: 'user', content: 'Hi' }], stream: true }),
    });
    await other.close();
    await expect(stream.text()).rejects.toThrow();
    await idleEnded;
    await expect(fetch(other.url)).rejects.toThrow();
  });

  test('a port that is taken is an error, not a silence', async () => {
    await expect(startDemoModel({ port: Number(new URL(demo.url).port) })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});
