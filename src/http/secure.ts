// TLS on a listener: HTTP/2 and HTTP/1.1 on one port, as the client chooses (ALPN, RFC 7301).
import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import type { Certificate } from '../core/certificate.ts';
import { openStreams, type Streams } from './streams.ts';

export interface SecureServer {
  readonly server: Server;
  readonly streams: Streams;
  /** Shows this certificate to connections that come from now on. */
  show(certificate: Certificate): void;
  /** Ends all connections at once, those too that are still shaking hands. */
  destroy(): void;
}

export interface SecureOptions {
  readonly http1: ServerOptions & { readonly requestTimeout: number; readonly keepAliveTimeout: number };
  readonly certificate: Certificate;
  /** How long a handshake may take. */
  readonly handshakeMs: number;
}

/** A server that hands what was negotiated for HTTP/2 to `streams`, and does the rest itself. */
export function secureServer(answer: RequestListener, options: SecureOptions): SecureServer {
  const { http1, certificate, handshakeMs } = options;
  const server = createServer({
    ...http1,
    ...contextOf(certificate),
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: handshakeMs,
  });
  const streams = openStreams(answer, { requestMs: http1.requestTimeout, idleMs: http1.keepAliveTimeout });
  const [speakHttp1] = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') streams.take(socket);
    else speakHttp1?.call(server, socket);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    server,
    streams,
    show: (next) => server.setSecureContext(contextOf(next)),
    destroy: () => sockets.forEach((socket) => socket.destroy()),
  };
}

function contextOf({ cert, key, minVersion }: Certificate): SecureContextOptions {
  return { cert, key, minVersion };
}
