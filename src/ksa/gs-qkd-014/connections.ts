import type { TLSSocket } from 'node:tls';
import { assert } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { type Caller, identify } from './caller.ts';
import { writeInOnePiece } from './one-write.ts';
import type { Refusal } from './refusal.ts';

export type Connection = {
  readonly caller: Caller | Refusal;
  /** How often the TLS settings had been changed when this connection was made. */
  readonly generation: number;
  /** Requests that are not answered yet. */
  unanswered: number;
  /** What it carries from now on is a stream of pushed keys. */
  streaming: boolean;
  /** Key containers that the socket has not taken yet. */
  readonly containers: Set<Buffer>;
};

/** The open connections of applications, and what is to be wiped when one of them goes. */
export class Connections {
  readonly #open = new Map<TLSSocket, Connection>();
  readonly #perApplication = new Map<string, number>();
  #generation = 0;

  get size(): number {
    return this.#open.size;
  }

  /** Takes in a connection whose handshake is done; false when its application has as many as it may. */
  add(socket: TLSSocket): boolean {
    const caller = identify(socket);
    // Those whose certificates name no application, and get no key, count as one, of no name.
    const saeId = 'saeId' in caller ? caller.saeId : '';
    if (!this.#countIn(saeId)) {
      socket.destroy();
      return false;
    }
    writeInOnePiece(socket);
    const connection: Connection = {
      caller,
      generation: this.#generation,
      unanswered: 0,
      streaming: false,
      containers: new Set(),
    };
    this.#open.set(socket, connection);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#countOut(saeId);
      for (const container of connection.containers) container.fill(0);
      connection.containers.clear();
    });
    return true;
  }

  of(socket: TLSSocket): Connection {
    const connection = this.#open.get(socket);
    assert(connection !== undefined, 'a request came on a connection that is not open');
    return connection;
  }

  /** Whether the connection was made under TLS settings that still hold. */
  isCurrent(connection: Connection): boolean {
    return connection.generation === this.#generation;
  }

  /** Ends the connections that wait for nothing; the others are no longer current and end with their answer. */
  retireAll(): void {
    this.#generation++;
    for (const [socket, connection] of this.#open) if (connection.unanswered === 0) socket.destroySoon();
  }

  #countIn(saeId: string): boolean {
    const count = this.#perApplication.get(saeId) ?? 0;
    if (count >= limits.supplyConnectionsPerApplicationMax) return false;
    this.#perApplication.set(saeId, count + 1);
    return true;
  }

  #countOut(saeId: string): void {
    const count = this.#perApplication.get(saeId)! - 1;
    if (count === 0) this.#perApplication.delete(saeId);
    else this.#perApplication.set(saeId, count);
  }
}
