import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHAT, chatUpstream, chunk, completion, postChat } from '../support/chat.ts';
import { type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { ALLOW_ALL, startWaygate, token, type Waygate } from '../support/waygate.ts';

let upstream: ScriptedUpstream;
let waygate: Waygate;
let bearer: string;

beforeEach(async () => {
  upstream = await scriptedUpstream();
  upstream.answer = completion;
  waygate = await startWaygate({
    config: { upstreams: { up: chatUpstream(upstream.url) } },
    env: { UPSTREAM_KEY: 'k' },
  });
  bearer = await token();
});
afterEach(async () => {
  await waygate.stop();
  await upstream.close();
});

const DENY = { ...ALLOW_ALL, rules: [...ALLOW_ALL.rules, { id: 'stop', deny: 'model.generate' }] };

async function until(what: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`it did not come to that:\n${waygate.output()}`);
}

const status = async (): Promise<number> => {
  const answer = await postChat(waygate.url, bearer);
  await answer.arrayBuffer();
  return answer.status;
};
const ready = async (): Promise<{ status: number; body: { checks: Record<string, string> } }> => {
  const answer = await fetch(`${waygate.url}/readyz`);
  return { status: answer.status, body: (await answer.json()) as { checks: Record<string, string> } };
};

describe('a running gateway', () => {
  test('takes a changed policy by itself, and a call under way keeps the one it began with', async () => {
    let finish = (): void => {};
    upstream.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk('first'));
      finish = () => response.end('data: [DONE]\n\n');
    };
    const stream = await postChat(waygate.url, bearer, { ...CHAT, stream: true });
    upstream.answer = completion;
    waygate.write('policies/open.yaml', DENY);
    await until(async () => (await status()) === 403);
    finish();
    expect(await stream.text()).toContain('[DONE]');
  });

  test('keeps the last good files where new ones are bad, says so loudly, and takes the mended ones', async () => {
    waygate.write('policies/open.yaml', 'policy: open\nrules:\n  - id: all\n    alow: model.generate\n');
    waygate.signal('SIGHUP');
    await until(async () => (await ready()).body.checks['config'] !== 'ok');
    expect((await ready()).status).toBe(200);
    expect((await ready()).body.checks['config']).toContain('last good');
    expect(await status()).toBe(200);
    expect(waygate.output()).toMatch(/open\.yaml:4:5: .*`alow`.*`allow`/);
    expect(await (await fetch(`${waygate.adminUrl}/metrics`)).text()).toMatch(/^waygate_config_current\S* 0/m);
    waygate.write('policies/open.yaml', DENY);
    await until(async () => (await status()) === 403);
    expect((await ready()).body.checks['config']).toBe('ok');
    expect(await (await fetch(`${waygate.adminUrl}/metrics`)).text()).toMatch(/^waygate_config_current\S* 1/m);
  });

  test('says that a change of a listener takes a restart, and goes on as it was', async () => {
    const port = Number(new URL(waygate.url).port);
    waygate.write('waygate.yaml', {
      version: 1,
      listen: { port: port + 1 },
      identity: { dev: true },
      upstreams: { up: chatUpstream(upstream.url) },
    });
    waygate.signal('SIGHUP');
    await until(async () => (await ready()).body.checks['config'] !== 'ok');
    expect(waygate.output()).toContain('takes a restart');
    expect(await status()).toBe(200);
  });
});
