import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import { code } from './encode.ts';
import { readPayload } from './read-payload.ts';

/** A message of the KM, read as plainly as it is written. `faults` says what is wrong with it. */
export type Received = {
  readonly id: number;
  readonly command: number;
  /** Of messages that hold no key, see `ReadPayload`. */
  readonly members: ReadonlyMap<string, unknown>;
  readonly faults: readonly string[];
};
export type Heard = Received | 'closed' | 'silence';

/** One connection to the KM. Every wait has its end. */
export class Dialogue {
  readonly #socket: Socket;
  readonly #heard: Received[] = [];
  #buffer: Buffer = Buffer.alloc(0);
  #closed = false;
  #wake: () => void = () => {};
  #lastId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** @throws Error with the reason when no connection comes about within `ms` */
  static tls(options: ConnectionOptions, ms: number, opened: Set<Socket>): Promise<Dialogue> {
    // The KM is known by the KMA ID in its certificate, wherever it lives; so no host name is checked.
    return established(
      () => connectTls({ ...options, checkServerIdentity: () => undefined }),
      'secureConnect',
      ms,
      opened,
    );
  }

  static tcp(host: string, port: number, ms: number, opened: Set<Socket>): Promise<Dialogue> {
    return established(() => connectTcp({ host, port }), 'connect', ms, opened);
  }

  static over(socket: Socket): Dialogue {
    return new Dialogue(socket);
  }

  get socket(): TLSSocket {
    return this.#socket as TLSSocket;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes that came and make no message, though its rest had `ms` to come. */
  async unfinished(ms: number): Promise<number> {
    const endMs = performance.now() + ms;
    for (
      let left = ms;
      this.#buffer.length > 0 && !this.#closed && left > 0;
      left = endMs - performance.now()
    )
      await this.#awoken(left);
    return this.#buffer.length;
  }

  /** The message ID for the next message: 1, 2, … */
  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Takes ownership of `bytes`, and wipes them once they have left: they may hold key. */
  send(bytes: Buffer): void {
    if (this.#closed) bytes.fill(0);
    else this.#socket.write(bytes, () => bytes.fill(0));
  }

  /** Says that nothing more will come from here. */
  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The next message, or that the connection was closed, or that neither came within `ms`. */
  async next(ms: number): Promise<Heard> {
    const endMs = performance.now() + ms;
    // Part of a message wakes as well.
    for (
      let left = ms;
      this.#heard.length === 0 && !this.#closed && left > 0;
      left = endMs - performance.now()
    )
      await this.#awoken(left);
    return this.#heard.shift() ?? (this.#closed ? 'closed' : 'silence');
  }

  /** The next message for which `wanted` holds; others are passed over. */
  async find(wanted: (message: Received) => boolean, ms: number): Promise<Heard> {
    const endMs = performance.now() + ms;
    for (;;) {
      const heard = await this.next(Math.max(0, endMs - performance.now()));
      if (typeof heard === 'string' || wanted(heard)) return heard;
    }
  }

  /** The next message that a KM does not send of its own accord, as it may begin a relay or a key supply at any time. */
  answer(ms: number): Promise<Heard> {
    return this.find(({ command }) => command !== code.relay && command !== code.supply, ms);
  }

  #awoken(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #take(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    while (this.#buffer.length >= 10) {
      const length = this.#buffer.readUInt16BE(8);
      if (this.#buffer.length < 10 + length) break;
      this.#heard.push(readMessage(this.#buffer.subarray(0, 10 + length)));
      this.#buffer = this.#buffer.subarray(10 + length);
    }
    if (this.#heard.length > limits.probeMessagesMax) this.#socket.destroy();
    this.#wake();
  }
}

function established(
  connect: () => Socket,
  event: 'connect' | 'secureConnect',
  ms: number,
  opened: Set<Socket>,
): Promise<Dialogue> {
  return new Promise((resolve, reject) => {
    let socket: Socket;
    try {
      socket = connect();
    } catch (thrown) {
      return reject(new Error(messageOf(thrown)));
    }
    opened.add(socket);
    const timer = setTimeout(() => give(`no connection within ${ms} ms`), ms);
    const give = (reason: string) => {
      clearTimeout(timer);
      socket.destroy();
      reject(new Error(reason));
    };
    socket.on('error', (error) => give(error.message));
    socket.on('close', () => {
      opened.delete(socket);
      give('the KM closed the connection');
    });
    // From here on, so that nothing is missed that the KM says at once.
    const dialogue = Dialogue.over(socket);
    socket.once(event, () => {
      clearTimeout(timer);
      resolve(dialogue);
    });
  });
}

function readMessage(bytes: Buffer): Received {
  const version = bytes.readUInt16BE(0);
  const command = bytes.readUInt16BE(6);
  // Key that the KM relays to us is not for reading.
  const { members, faults } =
    command === code.relay
      ? { members: new Map<string, unknown>(), faults: [] }
      : readPayload(bytes.subarray(10));
  const wrong = version === 1 ? faults : [`version ${version}`, ...faults];
  bytes.fill(0, 10);
  return { id: bytes.readUInt32BE(2), command, members, faults: wrong };
}
