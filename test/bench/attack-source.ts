import { readFileSync } from 'node:fs';
import { type Socket, connect as tcp } from 'node:net';
import { connect, createSecureContext, type TLSSocket } from 'node:tls';
import { Draft } from '../../src/kx/codec/draft.ts';
import { command, setMessageId } from '../../src/kx/codec/header.ts';
import { writeHello } from '../../src/kx/codec/private-messages.ts';
import { frameWithHop } from '../kx/framed.ts';
import { serve } from './processes.ts';

/** Files of an attacker, by path. */
export type AttackFiles = { readonly cert: string; readonly key: string; readonly ca: string };

/** Attacks B for so long. `peer` is hostile and a peer of B, named M; `stranger` has a certificate of the same authority. */
export type AttackMessage = {
  readonly port: number;
  readonly peer: AttackFiles;
  readonly stranger: AttackFiles;
  readonly ms: number;
};

/** What the attacker did, and the processor time that it took itself, as a share of one core. */
export type AttackReport = {
  readonly connections: number;
  readonly junk: number;
  readonly ups: number;
  readonly core: number;
};

const TICK_MS = 10;
const CONNECTIONS_PER_SECOND = 100;
const JUNK_PER_SECOND = 1_000;

serve(async (message: AttackMessage): Promise<AttackReport> => {
  const attack = new Attack(message);
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  // By the clock, so that ticks which come late are made up for.
  const ticking = setInterval(() => attack.upTo((performance.now() - startMs) / 1_000), TICK_MS);
  await new Promise((resolve) => setTimeout(resolve, message.ms));
  clearInterval(ticking);
  const { user, system } = process.cpuUsage(cpu);
  const core = (user + system) / 1_000 / (performance.now() - startMs);
  return { ...attack.end(), core };
});

class Attack {
  readonly #message: AttackMessage;
  readonly #stranger: object;
  readonly #peer: object;
  readonly #open = new Set<Socket>();
  #hostile: TLSSocket | undefined;
  #messageId = 0;
  #connections = 0;
  #junk = 0;
  #ups = 0;

  constructor(message: AttackMessage) {
    this.#message = message;
    const { peer, stranger, port } = message;
    this.#peer = { ...options(peer), port, host: '127.0.0.1', localAddress: '127.0.0.66' };
    this.#stranger = { ...options(stranger), port, host: '127.0.0.1', localAddress: '127.0.0.67' };
  }

  /** Does what is due after so many seconds. */
  upTo(seconds: number): void {
    for (; this.#connections < seconds * CONNECTIONS_PER_SECOND; this.#connections += 1) this.#connect();
    let junk = 0;
    for (; this.#junk < seconds * JUNK_PER_SECOND && junk < JUNK_PER_SECOND; junk += 1) this.#sendJunk();
  }

  end(): Omit<AttackReport, 'core'> {
    for (const socket of this.#open) socket.destroy();
    return { connections: this.#connections, junk: this.#junk, ups: this.#ups };
  }

  // In turn: one that says nothing, one that shakes hands, and the hostile peer when it has been cut off.
  #connect(): void {
    if (this.#hostile === undefined) return this.#connectHostile();
    const { port } = this.#message;
    const localAddress = '127.0.0.67';
    const half = this.#connections % 2 === 0;
    this.#keep(half ? tcp({ host: '127.0.0.1', port, localAddress }) : connect(this.#stranger)).resume();
  }

  // It never reads what B says.
  #connectHostile(): void {
    const socket = this.#keep(connect(this.#peer));
    this.#hostile = socket;
    this.#messageId = 0;
    socket.once('secureConnect', () => {
      this.#ups += 1;
      this.#send(writeHello({ kmaId: 'M', unitBits: 256, storeId: 'store of M' }));
    });
    socket.once('close', () => {
      if (this.#hostile === socket) this.#hostile = undefined;
    });
  }

  /** Right in its form, with pad that nobody has. Where there is no connection it is lost. */
  #sendJunk(): void {
    this.#junk += 1;
    if (this.#messageId === 0) return;
    const prefix = `{"source_KMA_ID":"M","destination_KMA_ID":"C","keys":[{"key_ID":"k","key":"${'A'.repeat(400)}"}],"extension":[`;
    this.#send(
      frameWithHop(command.keyRelay, Draft.of(Buffer.from(prefix)), [{ number: 1, index: 1, units: 11 }])!,
    );
  }

  #send(frame: Buffer): void {
    this.#messageId += 1;
    setMessageId(frame, this.#messageId);
    this.#hostile?.write(frame);
  }

  #keep<S extends Socket>(socket: S): S {
    this.#open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#open.delete(socket));
    return socket;
  }
}

function options({ cert, key, ca }: AttackFiles) {
  const [certificate, privateKey, authority] = [cert, key, ca].map((path) => readFileSync(path));
  // Once for all connections, so that the attacker itself takes little of the processors.
  const secureContext = createSecureContext({ cert: certificate, key: privateKey, ca: authority });
  return { secureContext, ALPNProtocols: ['keyferry/1'], checkServerIdentity: () => undefined };
}
