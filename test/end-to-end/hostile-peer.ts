import { readFileSync } from 'node:fs';
import { type Socket, connect as tcp } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { command, setMessageId, writeHeader } from '../../src/kx/codec/header.ts';
import { writeEmpty, writeHello } from '../../src/kx/codec/private-messages.ts';
import { pkiPaths } from '../../src/pki/directory.ts';

/** Where an attacker comes from and what it holds: its own address, so that to B it is another host than the good nodes. */
export type Attacker = { readonly lab: Lab; readonly kmaId: string; readonly localAddress: string };

/** A connection to B that the attacker has opened. */
export type Attack<S extends Socket = Socket> = {
  readonly socket: S;
  /** How long it lasted, in milliseconds, from the first packet on. */
  readonly ended: Promise<number>;
};

function watched<S extends Socket>(socket: S): Attack<S> {
  const startMs = performance.now();
  socket.on('error', () => {});
  return {
    socket,
    ended: new Promise((resolve) => void socket.once('close', () => resolve(performance.now() - startMs))),
  };
}

/** TCP alone. */
export function halfOpen({ lab, localAddress }: Attacker): Attack {
  const attack = watched(tcp({ host: '127.0.0.1', port: lab.node('B').kxPort, localAddress }));
  attack.socket.resume();
  return attack;
}

/** A whole handshake. What B says is read, unless `reads` is false. */
export function handshaken({ lab, kmaId, localAddress }: Attacker, reads = true): Attack<TLSSocket> {
  const paths = pkiPaths(join(lab.directory, 'pki'));
  const { kxCertificate, kxKey } = paths.node(kmaId);
  const options = {
    host: '127.0.0.1',
    port: lab.node('B').kxPort,
    localAddress,
    ALPNProtocols: ['keyferry/1'],
    cert: readFileSync(kxCertificate),
    key: readFileSync(kxKey),
    ca: readFileSync(paths.kxAuthority.certificate),
    checkServerIdentity: () => undefined,
  };
  const attack = watched(connect(options));
  if (reads) attack.socket.resume();
  return attack;
}

/** A hostile peer that has greeted like a good one, and what it then sends. Message IDs rise as they should. */
export class HostilePeer {
  readonly attack: Attack<TLSSocket>;
  #messageId = 0;

  constructor(attacker: Attacker, reads = true) {
    this.attack = handshaken(attacker, reads);
    const storeId = `store of ${attacker.kmaId}`;
    this.send(writeHello({ kmaId: attacker.kmaId, unitBits: 256, storeId }));
  }

  send(frame: Buffer): void {
    this.#messageId += 1;
    setMessageId(frame, this.#messageId);
    this.attack.socket.write(frame);
  }

  ping(): void {
    this.send(writeEmpty(command.ping));
  }

  /** Valid to look at: a right header, and a payload of that many bytes that is no JSON. */
  junk(bytes: number): void {
    const frame = Buffer.alloc(10 + bytes, '{"a":');
    writeHeader(frame, 0, command.keyRelay, bytes);
    this.send(frame);
  }

  /** The beginning of a message whose end does not come. */
  begin(bytes: number): void {
    const frame = Buffer.alloc(bytes, ' ');
    const header = Buffer.alloc(10);
    writeHeader(header, this.#messageId + 1, command.keyRelay, 60_000);
    header.copy(frame, 0, 0, Math.min(bytes, 10));
    this.attack.socket.write(frame);
  }

  dribble(): void {
    this.attack.socket.write(' ');
  }
}
