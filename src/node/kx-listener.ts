import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Admission } from '../env/admission.ts';
import type { Clock } from '../env/clock.ts';
import { KX_PROTOCOL, type OnKxConnection } from '../env/kx-transport.ts';
import type { Log } from '../env/log.ts';
import { AgentError, messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import type { KxCredentials } from './kx-credentials.ts';
import { hand, type KxWelcome } from './kx-link.ts';
import { RefusedLog, refusedAddress } from './refused-log.ts';

export type KxListener = {
  readonly port: number;
  /** New handshakes use these from now on. */
  use(credentials: KxCredentials): void;
  close(): Promise<void>;
};

/** Who gets in, and on which clock. */
export type ListenParts = KxWelcome & {
  readonly admission: Admission;
  readonly clock: Clock;
  readonly log: Log;
  readonly onKeyLog?: ((line: Buffer) => void) | undefined;
};

type Handshake = { readonly judgedBy: KxCredentials; over(welcome: boolean): void };

/** TCP connections come in here first, so that a host which is not let in costs no handshake. @throws AgentError `host.listen_failed` */
export async function listenKx(
  parts: ListenParts,
  host: string,
  port: number,
  onConnection: OnKxConnection,
): Promise<KxListener> {
  const refused = new RefusedLog(parts.clock, 'kx.ca', 'TLS 1.3', (fields) =>
    parts.log.warn('kx.connection.refused', fields),
  );
  const tls = createServer({
    ...parts.credentials().options,
    ALPNProtocols: [KX_PROTOCOL],
    requestCert: true,
    rejectUnauthorized: true,
  });
  if (parts.onKeyLog !== undefined) tls.on('keylog', parts.onKeyLog);
  const underway = new Map<string, Handshake>();
  tls.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    refused.note(
      socket.authorizationError?.toString() ?? error.code ?? error.message,
      refusedAddress(socket),
    );
    // A handshake that fails is reported here and nowhere ended.
    socket.destroy();
  });
  tls.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy());
    const [name, { remoteAddress }] = [nameOf(socket), socket];
    const handshake = underway.get(name);
    if (handshake === undefined) return void socket.destroy();
    const why = hand(socket, handshake.judgedBy, parts, onConnection);
    if (why !== undefined) refused.note(why, remoteAddress);
    handshake.over(why === undefined);
  });
  const sockets = new Set<Socket>();
  const tcp = createTcpServer((socket) => {
    const over = admit(socket, parts, refused);
    if (over === undefined) return void socket.destroy();
    const name = nameOf(socket);
    sockets.add(socket);
    underway.set(name, { over, judgedBy: parts.credentials() });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      underway.delete(name);
      over(false);
    });
    tls.emit('connection', socket);
  });
  tcp.maxConnections = limits.kxConnectionsMax;
  tcp.on('drop', (drop) => refused.note('too many connections', drop?.remoteAddress));
  await bound(tcp, host, port);
  return {
    port: (tcp.address() as { port: number }).port,
    use: ({ options }) => tls.setSecureContext(options),
    close: () => closed(tcp, sockets),
  };
}

/** @returns to be called when the handshake is over; undefined when there is to be none */
function admit(
  socket: Socket,
  { admission, clock }: ListenParts,
  refused: RefusedLog,
): ((welcome: boolean) => void) | undefined {
  const { remoteAddress } = socket;
  // Without an address it has gone already.
  if (remoteAddress === undefined) return undefined;
  const over = admission.enter(remoteAddress);
  if (over === undefined) {
    refused.note('too many handshakes', remoteAddress);
    return undefined;
  }
  // However little of it comes at a time.
  const cancel = clock.after(limits.kxHandshakeMs, () => {
    refused.note('the handshake took too long', remoteAddress);
    socket.destroy();
  });
  return (welcome) => {
    cancel();
    over(welcome);
  };
}

// The socket of a TLS connection is not that of its TCP connection; the other end is the same.
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function closed(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
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
