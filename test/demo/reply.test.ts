import { once } from 'node:events';
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { serveOnLoopback } from '../../src/demo/loopback-server.ts';
import { event, send } from '../../src/demo/reply.ts';

describe('sending events', () => {
  test('a client that leaves ends the making of events', async () => {
    let made = 0;
    let ended: () => void = () => {};
    const stopped = new Promise<void>((resolve) => (ended = resolve));
    function* endless(): Generator<string> {
      try {
        for (;;) yield event({ made: (made += 1) });
      } finally {
        ended();
      }
    }
    const server = await serveOnLoopback(
      (_, response) => void send({ kind: 'events', events: endless() }, response),
      {},
    );
    const client = request(server.url).end();
    const [response] = await once(client, 'response');
    await once(response, 'data');
    client.destroy();
    await stopped;
    const then = made;
    expect(then).toBeGreaterThan(0);
    await server.close();
    expect(made).toBe(then);
  });

  test('events arrive at a pace, while later ones are still to be made', async () => {
    let made = 0;
    const began = performance.now();
    function* some(): Generator<string> {
      while (made < 40) yield event({ made: (made += 1) });
    }
    const server = await serveOnLoopback((_, response) => void send({ kind: 'events', events: some() }, response), {});
    const response = await fetch(server.url);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(new TextDecoder().decode(first?.value)).toContain('data: {"made":1}');
    expect(made).toBeLessThan(40);
    let next = await reader?.read();
    while (next?.done === false) next = await reader?.read();
    expect(performance.now() - began).toBeGreaterThan(40 * 10);
    await server.close();
  });

  test('an event carries its name where it has one', () => {
    expect(event({ a: '\n' })).toBe('data: {"a":"\\n"}\n\n');
    expect(event({}, 'ping')).toBe('event: ping\ndata: {}\n\n');
  });
});
