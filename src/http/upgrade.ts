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

const NO_TUNNEL =
  'HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nAllow: GET, POST, DELETE\r\nContent-Length: 0\r\n\r\n';

/** Answers every WebSocket handshake with 426. */
export function refuseUpgrades(server: Server): void {
  server.on('upgrade', (_, socket) => lastWords(socket as Socket, ANSWER));
}

/** Answers every CONNECT with 405: a gateway is no tunnel. */
export function refuseTunnels(server: Server): void {
  server.on('connect', (_, socket) => lastWords(socket as Socket, NO_TUNNEL));
}

function lastWords(socket: Socket, words: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(words, () => socket.destroy());
}
