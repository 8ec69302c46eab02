import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

// Clients that try a WebSocket first (Codex on /v1/responses) fall back to HTTP at once on 426 (RFC 9110 §15.5.22).
const BODY = JSON.stringify({
  error: {
    type: 'request.upgrade',
    code: 'request.upgrade',
    message: 'this gateway speaks plain HTTP here, not WebSocket; send a POST',
    param: null,
  },
});
const ANSWER = [
  'HTTP/1.1 426 Upgrade Required',
  'Connection: close, Upgrade',
  'Upgrade: HTTP/1.1',
  'Content-Type: application/json',
  `Content-Length: ${Buffer.byteLength(BODY)}`,
  '',
  BODY,
].join('\r\n');

/** Other upgrades are offers that may be passed over (RFC 9110 §7.8), e.g. the `h2c` of Java's clients. */
export function wantsWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase().includes('websocket') ?? false;
}

/** Answers every WebSocket handshake with 426. */
export function refuseUpgrades(server: Server): void {
  server.on('upgrade', (_, socket) => {
    socket.on('error', () => socket.destroy());
    (socket as Socket).end(ANSWER, () => socket.destroy());
  });
}
