import { connect } from 'node:tls';
import type { Admission } from '../env/admission.ts';
import type { Clock } from '../env/clock.ts';
import type { KxTransport, OnKxConnection } from '../env/kx-transport.ts';
import type { Log } from '../env/log.ts';
import { limits } from '../limits.ts';
import { KxCredentials, type KxFiles } from './kx-credentials.ts';
import { hand, type KxWelcome } from './kx-link.ts';
import { type KxListener, listenKx } from './kx-listener.ts';
import { OpenConnections } from './kx-open.ts';

export type KxTlsParts = {
  readonly admission: Admission;
  readonly clock: Clock;
  readonly log: Log;
  /** For a laboratory: gets the secrets of every connection, a line of the NSS key log at a time. */
  readonly onKeyLog?: ((line: Buffer) => void) | undefined;
};

export type KxTlsTransport = KxTransport & {
  readonly credentials: KxCredentials;
  /**
   * New handshakes use these from now on. Connections that stand go on, but for those whose peer these credentials do not believe.
   * @returns how many were ended
   */
  use(credentials: KxCredentials): number;
};

/**
 * Kx over TLS 1.3, both sides with a certificate of the KM authority, a post-quantum hybrid group first (Q.4163 Appendix I, notes 2
 * and 3). @throws AgentError `configuration.kx_tls`
 */
export function createKxTransport(files: KxFiles, parts: KxTlsParts): KxTlsTransport {
  const { clock, onKeyLog } = parts;
  let credentials = new KxCredentials(files);
  const open = new OpenConnections(clock);
  const now = () => new Date(clock.wallMs());
  const welcome: KxWelcome = { credentials: () => credentials, open, now };
  const listeners = new Set<KxListener>();
  return {
    get credentials() {
      return credentials;
    },
    use(fresh) {
      for (const listener of listeners) listener.use(fresh);
      const before = credentials;
      credentials = fresh;
      return open.recheck((chain) => fresh.problem(chain, now(), before));
    },
    async listen(host, port, onConnection) {
      const listener = await listenKx({ ...welcome, ...parts }, host, port, onConnection);
      listeners.add(listener);
      const close = () => {
        listeners.delete(listener);
        return listener.close();
      };
      return { port: listener.port, close };
    },
    dial: (host, port, protocol, onConnection, onFailed) =>
      dial({ host, port, protocol, onKeyLog }, welcome, onConnection, onFailed),
  };
}

type Dialled = Pick<KxTlsParts, 'onKeyLog'> & {
  readonly host: string;
  readonly port: number;
  readonly protocol: string | undefined;
};

function dial(
  { host, port, protocol, onKeyLog }: Dialled,
  welcome: KxWelcome,
  onConnection: OnKxConnection,
  onFailed: (reason: string) => void,
): () => void {
  const credentials = welcome.credentials();
  const socket = connect({
    secureContext: credentials.context,
    ALPNProtocols: protocol === undefined ? [] : [protocol],
    rejectUnauthorized: true,
    host,
    port,
    // The peer is known by the KMA ID in its certificate, wherever it lives; so no host name is checked.
    checkServerIdentity: () => undefined,
  });
  if (onKeyLog !== undefined) socket.on('keylog', onKeyLog);
  let settled = false;
  const settle = () => {
    const first = !settled;
    settled = true;
    clearTimeout(timer);
    return first;
  };
  const fail = (reason: string) => {
    if (!settle()) return;
    socket.destroy();
    onFailed(reason);
  };
  const timer = setTimeout(() => fail('the TLS handshake took too long'), limits.kxHandshakeMs);
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('the peer closed the connection during the handshake'));
  socket.once('secureConnect', () => {
    if (!settle()) return;
    let asked = false;
    const why = hand(socket, credentials, welcome, (identity, link) => {
      asked = true;
      return onConnection(identity, link);
    });
    if (why !== undefined && !asked) onFailed(why);
  });
  return () => {
    if (settle()) socket.destroy();
  };
}
