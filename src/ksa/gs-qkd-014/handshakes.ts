import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Admission } from '../../env/admission.ts';
import { assert } from '../../errors.ts';
import type { RefusedLog } from '../../node/refused-log.ts';

/**
 * Lets handshakes begin as `admission` says: without that, whoever reaches the port could hold all connections there are with handshakes that
 * never end, and shut every application out.
 */
export class Handshakes {
  readonly #underway = new Map<string, (welcome: boolean) => void>();

  constructor(server: Server, admission: Admission, refused: RefusedLog) {
    // The server's own: it begins the handshake.
    const [begin, ...others] = server.listeners('connection');
    assert(begin !== undefined && others.length === 0, 'nobody else hears of connections yet');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      const over = socket.remoteAddress === undefined ? undefined : admission.enter(socket.remoteAddress);
      if (over === undefined) {
        refused.note('too many handshakes', socket.remoteAddress);
        return void socket.destroy();
      }
      const name = nameOf(socket);
      this.#underway.set(name, over);
      socket.once('close', () => {
        this.#underway.delete(name);
        over(false);
      });
      begin.call(server, socket);
    });
  }

  /** The handshake of this connection has led to an application. */
  over(socket: Socket): void {
    this.#underway.get(nameOf(socket))?.(true);
  }
}

// The socket of a TLS connection is not that of its TCP connection; the other end is the same.
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
