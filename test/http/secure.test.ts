import { get as getHttps } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Certificate } from '../../src/core/certificate.ts';
import { type Listener, listen, listenerOf } from '../../src/http/listener.ts';
import { type Pair, PAIR_ONE, PAIR_TWO } from '../support/certificates.ts';

let listener: Listener;

const certificate = (pair: Pair): Certificate => ({ ...pair, minVersion: 'TLSv1.2', endsMs: 0 });

async function start(shown: Certificate): Promise<void> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.get('*', (context) => context.text(`over ${context.env.incoming.httpVersion}`));
  listener = await listen(listenerOf(app), { host: '127.0.0.1', port: 0, certificate: shown });
}

beforeEach(() => start(certificate(PAIR_ONE)));
afterEach(async () => {
  listener.destroy();
  await listener.close();
});

/** Shakes hands, and rejects where that fails. */
function shake(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: listener.port, host: '127.0.0.1', ...options }, () => resolve(socket));
    socket.on('error', reject);
  });
}

async function nameOf(socket: TLSSocket): Promise<string> {
  const name = String(socket.getPeerCertificate().subject.CN);
  socket.destroy();
  return name;
}

function ask(ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = getHttps(listener.url, { ca, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => resolve(text));
    });
    request.on('error', reject);
  });
}

test('the client chooses between HTTP/2 and HTTP/1.1, and gets HTTP/1.1 where it says nothing', async () => {
  expect(listener.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const ca = PAIR_ONE.cert;
  const chosen = async (ALPNProtocols?: string[]): Promise<unknown> => {
    const socket = await shake({ ca, ...(ALPNProtocols && { ALPNProtocols }) });
    socket.destroy();
    return socket.alpnProtocol;
  };
  expect([await chosen(['http/1.1', 'h2']), await chosen(['http/1.1']), await chosen()]).toEqual([
    'h2',
    'http/1.1',
    false,
  ]);
  await expect(chosen(['h3'])).rejects.toMatchObject({
    code: expect.stringContaining('ALERT_NO_APPLICATION_PROTOCOL'),
  });
  expect(await ask(ca)).toBe('over 1.1');
});

test('a new certificate is shown to those who come, and leaves open connections alone', async () => {
  const kept = await shake({ ca: PAIR_ONE.cert });
  listener.show(certificate(PAIR_TWO));
  expect(await nameOf(await shake({ ca: PAIR_TWO.cert }))).toBe('waygate test two');
  await expect(shake({ ca: PAIR_ONE.cert })).rejects.toThrow();
  const answer = new Promise<string>((resolve) => kept.once('data', (chunk: Buffer) => resolve(chunk.toString())));
  kept.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  expect(await answer).toMatch(/200 OK/);
  kept.destroy();
});

test('no version of TLS older than configured is spoken, also by a new certificate', async () => {
  const old = { ca: PAIR_ONE.cert, maxVersion: 'TLSv1.2' } as const;
  const older = { ca: PAIR_ONE.cert, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
  (await shake(old)).destroy();
  await expect(shake(older)).rejects.toMatchObject({ code: expect.stringMatching(/PROTOCOL/) });
  listener.show({ ...certificate(PAIR_ONE), minVersion: 'TLSv1.3' });
  await expect(shake(old)).rejects.toMatchObject({ code: expect.stringMatching(/PROTOCOL_VERSION/) });
});

test('plain HTTP on the port gets no answer', async () => {
  const socket = connectTcp(listener.port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  expect(text).not.toContain('HTTP/1.1');
});

test('closing is prompt, whoever has not shaken hands, has said nothing, or is idle over HTTP/2', async () => {
  const half = connectTcp(listener.port, '127.0.0.1');
  half.on('error', () => {});
  await new Promise<void>((resolve) => half.once('connect', resolve));
  const silent = await shake({ ca: PAIR_ONE.cert });
  const idle = await shake({ ca: PAIR_ONE.cert, ALPNProtocols: ['h2'] });
  const ends = [half, silent, idle].map(
    (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
  );
  idle.resume();
  silent.resume();
  const begun = performance.now();
  await listener.close();
  await Promise.all(ends);
  expect(performance.now() - begun).toBeLessThan(5_000);
});
