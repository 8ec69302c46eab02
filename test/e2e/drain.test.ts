import { afterEach, describe, expect, test } from 'vitest';
import { CHAT, chatUpstream, chunk, postChat } from '../support/chat.ts';
import { type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';

let upstream: ScriptedUpstream;
let waygate: Waygate;
afterEach(() => upstream.close());

async function start(drainSeconds: number): Promise<{ finish: () => void; stream: Response }> {
  upstream = await scriptedUpstream();
  let finish = (): void => {};
  upstream.answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunk('first'));
    finish = () => response.end(`${chunk('last')}data: [DONE]\n\n`);
  };
  const config = { upstreams: { up: chatUpstream(upstream.url) }, drain: { seconds: drainSeconds } };
  waygate = await startWaygate({ config, env: { UPSTREAM_KEY: 'k' } });
  const stream = await postChat(waygate.url, await token(), { ...CHAT, stream: true });
  return { stream, finish: () => finish() };
}

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setImmediate(resolve));
}

describe('SIGTERM with an open stream', () => {
  test('readiness drops, new calls are refused, the stream finishes whole, and the process ends with 0', async () => {
    const { stream, finish } = await start(30);
    waygate.signal('SIGTERM');
    await until(async () => (await fetch(`${waygate.adminUrl}/readyz`)).status === 503);
    const refused = await postChat(waygate.url, await token());
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { code: 'gateway.draining' } });
    finish();
    expect(await stream.text()).toMatch(/first[^]*last[^]*\[DONE\]/);
    expect(await waygate.exited()).toBe(0);
  });

  test('a stream that outlives the drain time ends with the error event of its dialect, and the process still ends with 0', async () => {
    const { stream } = await start(1);
    const began = performance.now();
    waygate.signal('SIGTERM');
    const text = await stream.text();
    expect(text).toMatch(/first[^]*data: \{"error":[^]*gateway\.draining/);
    expect(text).not.toContain('[DONE]');
    expect(await waygate.exited()).toBe(0);
    expect(performance.now() - began).toBeLessThan(8_000);
  });
});
