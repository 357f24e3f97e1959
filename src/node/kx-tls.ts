import type { Server, Socket } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { ByteLink } from '../env/byte-link.ts';
import { KX_PROTOCOL, type KxIdentity, type KxTransport, type OnKxConnection } from '../env/kx-transport.ts';
import { AgentError, messageOf } from '../errors.ts';
import { limits } from '../limits.ts';

/** What is longer fills records by itself, and would have to be copied to be joined with others. */
const CORKED_BYTES_MAX = 8 << 10;

export type TlsFiles = { readonly certificate: Buffer; readonly privateKey: Buffer; readonly ca: Buffer };

/**
 * Kx over TLS 1.3, both sides with a certificate of the KM authority, a post-quantum hybrid group first.
 * @param onKeyLog for a laboratory: gets the secrets of every connection, a line of the NSS key log at a time
 */
export function createKxTransport(files: TlsFiles, onKeyLog?: (line: Buffer) => void): KxTransport {
  const options = {
    cert: files.certificate,
    key: files.privateKey,
    ca: files.ca,
    minVersion: 'TLSv1.3',
    ecdhCurve: 'X25519MLKEM768:X25519:P-256',
    ALPNProtocols: [KX_PROTOCOL],
    rejectUnauthorized: true,
  } as const;
  return {
    listen: (host, port, onConnection) => listen(options, host, port, onConnection, onKeyLog),
    dial(host, port, protocol, onConnection, onFailed) {
      // The peer is known by the KMA ID in its certificate, wherever it lives; so no host name is checked.
      const ALPNProtocols = protocol === undefined ? [] : [protocol];
      const socket = connect({ ...options, ALPNProtocols, host, port, checkServerIdentity: () => undefined });
      if (onKeyLog !== undefined) socket.on('keylog', onKeyLog);
      let settled = false;
      const fail = (reason: string) => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        socket.destroy();
        onFailed(reason);
      };
      const timer = setTimeout(() => fail('the TLS handshake took too long'), limits.kxHandshakeMs);
      socket.on('error', (error) => fail(error.message));
      socket.on('close', () => fail('the peer closed the connection during the handshake'));
      socket.once('secureConnect', () => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        hand(socket, onConnection);
      });
      return () => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        socket.destroy();
      };
    },
  };
}

async function listen(
  options: object,
  host: string,
  port: number,
  onConnection: OnKxConnection,
  onKeyLog: ((line: Buffer) => void) | undefined,
) {
  const server = createServer({ ...options, requestCert: true, handshakeTimeout: limits.kxHandshakeMs });
  if (onKeyLog !== undefined) server.on('keylog', onKeyLog);
  const sockets = new Set<Socket>();
  server.maxConnections = limits.kxConnectionsMax;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  // A handshake that fails or takes too long is reported here and nowhere ended.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy());
    hand(socket, onConnection);
  });
  await bound(server, host, port);
  return {
    port: (server.address() as { port: number }).port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function bound(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const remedy = 'Give kx.listen an address of this machine and a port that nothing else uses.';
      reject(
        new AgentError('host.listen_failed', `cannot listen for Kx at ${host}:${port}: ${messageOf(cause)}`, {
          fault: 'host',
          remedy,
          cause,
        }),
      );
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      server.on('error', () => {});
      resolve();
    });
  });
}

function hand(socket: TLSSocket, onConnection: OnKxConnection): void {
  const identity = identityOf(socket);
  if (identity === undefined) return void socket.destroy();
  socket.setNoDelay(true);
  socket.setKeepAlive(true, limits.kxPingMs);
  const link: ByteLink = {
    write(bytes, taken) {
      // Short messages that are written in one go leave as one TLS record.
      if (socket.writableCorked === 0 && bytes.length < CORKED_BYTES_MAX) {
        socket.cork();
        process.nextTick(() => socket.uncork());
      }
      socket.write(bytes, taken && (() => taken()));
    },
    get queuedBytes() {
      return socket.writableLength;
    },
    close: () => void socket.destroy(),
  };
  const events = onConnection(identity, link);
  if ('refuse' in events) return void socket.destroy();
  let reason = 'the peer closed the connection';
  socket.on('data', (chunk) => events.onData(chunk));
  socket.on('error', (error) => {
    reason = error.message;
  });
  socket.on('end', () => socket.end());
  socket.on('close', () => events.onClosed(reason));
}

function identityOf(socket: TLSSocket): KxIdentity | undefined {
  if (!socket.authorized) return undefined;
  // A subject with several common names shows as an array, and names nobody.
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  if (typeof name !== 'string') return undefined;
  return {
    kmaId: name,
    protocol: socket.alpnProtocol === KX_PROTOCOL ? KX_PROTOCOL : undefined,
    cipher: `${socket.getProtocol()} ${socket.getCipher().standardName}`,
    remoteAddress: `${socket.remoteAddress}:${socket.remotePort}`,
  };
}
