import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { PausableLink } from '../env/byte-link.ts';
import { KX_PROTOCOL, type KxIdentity, type OnKxConnection } from '../env/kx-transport.ts';
import { limits } from '../limits.ts';
import { chainOf, type KxCredentials } from './kx-credentials.ts';
import type { OpenConnections } from './kx-open.ts';

/** What is longer fills records by itself, and would have to be copied to be joined with others. */
const CORKED_BYTES_MAX = 8 << 10;

/** What a handshake is judged by once OpenSSL has found it good, and where the connection is kept. */
export type KxWelcome = {
  readonly credentials: () => KxCredentials;
  readonly open: OpenConnections;
  readonly now: () => Date;
};

/**
 * Hands a connection over whose handshake is done; one that nobody takes is ended.
 * @param judgedBy the credentials under which the handshake began; they may have been replaced since
 * @returns why nobody took it
 */
export function hand(
  socket: TLSSocket,
  judgedBy: KxCredentials,
  { credentials, open, now }: KxWelcome,
  onConnection: OnKxConnection,
): string | undefined {
  const refuse = (reason: string) => {
    socket.destroy();
    return reason;
  };
  const identity = identityOf(socket);
  const chain = chainOf(socket);
  if (identity === undefined || chain.length === 0) return refuse('a certificate that names no KMA');
  const current = credentials();
  const problem = current === judgedBy ? undefined : current.problem(chain, now(), judgedBy);
  if (problem !== undefined) return refuse(problem);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, limits.kxPingMs);
  const events = onConnection(identity, linkOf(socket));
  if ('refuse' in events) return refuse(events.refuse);
  keep(socket, chain, open, events);
  return undefined;
}

function keep(
  socket: TLSSocket,
  chain: readonly X509Certificate[],
  open: OpenConnections,
  events: Exclude<ReturnType<OnKxConnection>, { refuse: string }>,
): void {
  let reason = 'the peer closed the connection';
  const closed = open.add(chain, (why) => {
    reason = why;
    socket.destroy();
  });
  socket.on('data', (chunk) => events.onData(chunk));
  socket.on('error', (error) => {
    reason = error.message;
  });
  socket.on('end', () => socket.end());
  socket.on('close', () => {
    closed();
    events.onClosed(reason);
  });
}

function linkOf(socket: TLSSocket): PausableLink {
  return {
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
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
  };
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
