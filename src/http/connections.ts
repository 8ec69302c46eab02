import { Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import { overloaded } from './load.ts';

export interface ConnectionLimits {
  readonly connections: number;
  /** Of these, from one address. */
  readonly connectionsPerPeer: number;
  readonly onShed: (reason: 'connections' | 'peer_connections') => void;
}

/** Takes no more connections at once than the limits say. To call once the server is complete, before it listens. */
export function limitConnections(server: Server, limits: ConnectionLimits): void {
  const take = server.listeners('connection');
  const peers = new Map<string, number>();
  let open = 0;
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const { remoteAddress: peer = '' } = socket;
    const ofPeer = (peers.get(peer) ?? 0) + 1;
    const full = open >= limits.connections ? 'connections' : undefined;
    const reason = full ?? (ofPeer > limits.connectionsPerPeer ? 'peer_connections' : undefined);
    if (reason) {
      limits.onShed(reason);
      return turnAway(socket, server instanceof HttpServer ? reason : undefined);
    }
    open += 1;
    peers.set(peer, ofPeer);
    socket.on('close', () => {
      open -= 1;
      const left = (peers.get(peer) ?? 1) - 1;
      if (left > 0) peers.set(peer, left);
      else peers.delete(peer);
    });
    for (const listener of take) listener.call(server, socket);
  });
}

// Under TLS nothing can be said before the handshake, which is what there is no room for.
function turnAway(socket: Socket, reason: 'connections' | 'peer_connections' | undefined): void {
  socket.on('error', () => socket.destroy());
  if (reason === undefined) {
    socket.destroy();
    return;
  }
  const { message } = overloaded(reason);
  const head = ['HTTP/1.1 503 Service Unavailable', 'Connection: close', 'Retry-After: 1', 'Content-Type: text/plain'];
  socket.end([...head, `Content-Length: ${message.length}`, '', message].join('\r\n'), () => socket.destroy());
}
