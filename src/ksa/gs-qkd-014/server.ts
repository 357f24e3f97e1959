import { X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Admission } from '../../env/admission.ts';
import type { Clock } from '../../env/clock.ts';
import type { Log } from '../../env/log.ts';
import { AgentError, type InvariantError, messageOf } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { RefusedLog, refusedAddress } from '../../node/refused-log.ts';
import type { KeySupply } from '../key-supply.ts';
import type { PushStreams } from '../push-streams.ts';
import { Connections } from './connections.ts';
import { type Answered, exchange } from './exchange.ts';
import { Handshakes } from './handshakes.ts';
import { type DeliveryTls, secureContextOptions } from './tls-settings.ts';

/** Milliseconds; the limits where nothing else is said. */
export type DeliveryTimes = {
  readonly handshakeMs: number;
  readonly headerMs: number;
  readonly requestMs: number;
  readonly idleMs: number;
  readonly closeMs: number;
  /** Between two signs of life on a stream. */
  readonly heartbeatMs: number;
};

export type KeyDeliveryOptions = {
  /** Port 0 lets the operating system pick one. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly tls: DeliveryTls;
  readonly supply: KeySupply;
  /** Gets the streams that applications open. */
  readonly streams: PushStreams;
  readonly log: Log;
  readonly clock: Clock;
  /** Who may begin a handshake. */
  readonly admission: Admission;
  readonly times?: Partial<DeliveryTimes>;
  /** The supply broke an invariant. The application was answered 503; the agent should stop. */
  onInvariantBroken(error: InvariantError): void;
  /** Called once for every answer, for counters. */
  onAnswered?(answered: Answered): void;
};

export type Answers = { readonly count: number; readonly ms: number };

export type KeyDelivery = {
  readonly port: number;
  /** Open connections of applications. */
  connections(): number;
  /** Requests that got no key, by code. */
  refusals(): Readonly<Record<string, number>>;
  /** Requests that were answered with what they asked for, by what that was, and how long all of them together waited. */
  answers(): Readonly<Record<string, Answers>>;
  /** When the certificate ends under which new connections are made. */
  expires(): Date;
  /**
   * New certificates for new connections; old connections end, each after the answer under way. Throws `supply.tls`
   * and changes nothing when the new ones cannot be used. Call it also when an application was struck off.
   */
  reload(tls: DeliveryTls): void;
  /** Stops listening, lets answers under way finish for `closeMs`, then cuts what is left. */
  close(): Promise<void>;
};

const CHECK_MS_MAX = 1_000;

/**
 * The key delivery interface of ETSI GS QKD 014 V1.1.1: HTTPS with mutual TLS. Rejects with `supply.tls` or
 * `supply.listen`.
 */
export async function startKeyDelivery(options: KeyDeliveryOptions): Promise<KeyDelivery> {
  const times = timesOf(options.times);
  const server = createServer({
    ...secureContextOptions(options.tls),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: times.handshakeMs,
    maxHeaderSize: limits.supplyHeaderBytesMax,
    headersTimeout: times.headerMs,
    requestTimeout: times.requestMs,
    keepAliveTimeout: times.idleMs,
    connectionsCheckingInterval: Math.min(CHECK_MS_MAX, times.headerMs),
  });
  server.maxConnections = limits.supplyConnectionsMax;
  // Cuts off a client that doesn't read its answer, after twice that time: Node.js waits anew when bytes have been queued since it last looked.
  server.setTimeout(times.requestMs);
  const refused = new RefusedLog(options.clock, 'supply.client_ca', 'TLS 1.2', (fields) =>
    options.log.warn('supply.handshake_refused', fields),
  );
  logRefusedHandshakes(server, refused);
  const handshakes = new Handshakes(server, options.admission, refused);
  const connections = new Connections();
  const refusals = new Map<string, number>();
  const answers: Record<string, { count: number; ms: number }> = {};
  const onAnswered = (answered: Answered) => {
    const { code, operation, ms } = answered;
    if (code !== undefined) refusals.set(code, (refusals.get(code) ?? 0) + 1);
    else {
      answers[operation] ??= { count: 0, ms: 0 };
      const of = answers[operation];
      of.count += 1;
      of.ms += ms;
    }
    options.onAnswered?.(answered);
  };
  const context = { ...options, onAnswered, connections, heartbeatMs: times.heartbeatMs };
  let { certificate } = options.tls;
  server.on('secureConnection', (socket: TLSSocket) => {
    handshakes.over(socket);
    // A handshake that ends while we stop would otherwise hold up the end for all of `closeMs`.
    if (!server.listening) socket.destroySoon();
    else if (!connections.add(socket)) {
      options.log.warn('supply.too_many_connections', { remote: socket.remoteAddress });
    }
  });
  server.on('request', (request, response) => void exchange(request, response, context));
  const sockets = socketsOf(server);
  await listening(server, options.listen);
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections.size,
    refusals: () => Object.fromEntries(refusals),
    answers: () => answers,
    expires: () => new X509Certificate(certificate).validToDate,
    reload(tls) {
      server.setSecureContext(secureContextOptions(tls));
      certificate = tls.certificate;
      connections.retireAll();
      options.streams.endAll();
    },
    close: () => {
      const ended = closed(server, connections, sockets, options.clock, times.closeMs);
      options.streams.endAll();
      return ended;
    },
  };
}

function timesOf(given: Partial<DeliveryTimes> = {}): DeliveryTimes {
  return {
    handshakeMs: limits.supplyHandshakeMs,
    headerMs: limits.supplyHeaderMs,
    requestMs: limits.supplyRequestMs,
    idleMs: limits.supplyIdleMs,
    closeMs: limits.supplyCloseMs,
    heartbeatMs: limits.supplyHeartbeatMs,
    ...given,
  };
}

/** The TCP connections, those in the middle of a handshake among them. */
function socketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** An operator needs to see that an application's certificate is refused. */
function logRefusedHandshakes(server: Server, refused: RefusedLog): void {
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    refused.note(
      socket.authorizationError?.toString() ?? error.code ?? error.message,
      refusedAddress(socket),
    );
  });
  server.on('drop', (drop) => refused.note('too many connections', drop?.remoteAddress));
}

function listening(server: Server, { host, port }: KeyDeliveryOptions['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new AgentError('supply.listen', `cannot listen on ${host} port ${port}: ${messageOf(error)}`, {
          fault: 'configuration',
          remedy: 'Free the address, or set another one in supply.listen.',
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}

async function closed(
  server: Server,
  connections: Connections,
  sockets: ReadonlySet<Socket>,
  clock: Clock,
  closeMs: number,
): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  connections.retireAll();
  const cancel = clock.after(closeMs, () => {
    for (const socket of sockets) socket.destroy();
  });
  await ended;
  cancel();
}
