import { randomUUID } from 'node:crypto';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { JsonView } from '../../src/kx/codec/json-view.ts';

/** What a toy KM does wrong. */
export type ToyFaults = {
  /** Instead of the TLS options of a good one. */
  readonly tls?: TlsOptions;
  readonly withoutTls?: true;
  /** Its whole header, for an answer of this command and length. */
  readonly header?: (id: number, command: number, length: number) => Buffer;
  readonly completion?: (members: Record<string, unknown>) => Record<string, unknown>;
  readonly supplyResponse?: (members: Record<string, unknown>) => Record<string, unknown>;
  /** What it writes instead of a good answer's JSON. */
  readonly payload?: (good: Buffer) => Buffer;
  readonly oneMessageARead?: true;
  readonly wholeMessagesOnly?: true;
  readonly anyVersion?: true;
  readonly anyCommand?: true;
  readonly staysAfterGarbage?: true;
  readonly takesTruncated?: true;
  readonly oneAtATime?: true;
  /** It stops for good when it reads such a payload. */
  readonly diesOf?: (payload: Buffer, count: number) => boolean;
  /** How it reads JSON; a good one is strict. */
  readonly parse?: (payload: Buffer) => Record<string, unknown> | undefined;
  readonly needsNothing?: true;
  readonly knowsEverybody?: true;
  readonly takesOwnName?: true;
  readonly overwrites?: true;
  readonly refusesAgain?: true;
  readonly chatters?: true;
  readonly suppliesAnything?: true;
  readonly ignoresTransitList?: true;
  // keyferry/1
  readonly greeting?: (members: Record<string, unknown>) => Record<string, unknown>;
  readonly mute?: true;
  readonly forgiving?: true;
  readonly needsNoAlpn?: true;
};

export type ToyFiles = { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer };

/** A key manager as small as can be, that does well unless it is told otherwise. It keeps keys in memory and knows KMA `C` behind it. */
export class ToyKm {
  readonly #self: string;
  readonly #faults: ToyFaults;
  readonly #keyferry: boolean;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #keys = new Map<string, string>();
  #busy: Socket | undefined;
  #messages = 0;
  port = 0;

  constructor(self: string, files: ToyFiles, faults: ToyFaults = {}, keyferry = false) {
    this.#self = self;
    this.#faults = faults;
    this.#keyferry = keyferry;
    const good: TlsOptions = { ...files, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' };
    const alpn = keyferry ? { ALPNProtocols: ['keyferry/1'] } : {};
    const tls = createServer({ ...good, ...alpn, ...faults.tls }, (socket) => {
      const agreed = !keyferry || faults.needsNoAlpn === true || socket.alpnProtocol === 'keyferry/1';
      if (agreed) this.#serve(socket);
      else socket.destroy();
    });
    tls.on('tlsClientError', (_, socket) => socket.destroy());
    this.#server = faults.withoutTls === true ? createTcpServer((socket) => this.#sniff(socket, tls)) : tls;
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    this.port = (this.#server.address() as { port: number }).port;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #sniff(socket: Socket, tls: Server): void {
    socket.once('data', (first) => {
      socket.pause();
      socket.unshift(first);
      if (first[0] === 0x16) tls.emit('connection', socket);
      else {
        this.#serve(socket);
        socket.resume();
      }
    });
  }

  #serve(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.#faults.oneAtATime === true) {
      if (this.#busy !== undefined && !this.#busy.destroyed) return;
      this.#busy = socket;
    }
    const talk = new Talk();
    let buffer: Buffer = Buffer.alloc(0);
    if (this.#keyferry) this.#greet(socket, talk);
    socket.on('data', (chunk) => {
      buffer = this.#faults.wholeMessagesOnly === true ? chunk : Buffer.concat([buffer, chunk]);
      buffer = this.#read(socket, talk, buffer);
    });
    socket.on('end', () => {
      if (this.#faults.takesTruncated === true && buffer.length > 10)
        this.#answer(
          socket,
          talk,
          buffer.readUInt16BE(6),
          Buffer.concat([buffer.subarray(10), Buffer.from('}')]),
        );
    });
  }

  #read(socket: Socket, talk: Talk, buffer: Buffer): Buffer {
    const { anyVersion, anyCommand, forgiving, staysAfterGarbage, oneMessageARead } = this.#faults;
    while (buffer.length >= 10 && !socket.destroyed) {
      const [version, command] = [buffer.readUInt16BE(0), buffer.readUInt16BE(6)];
      const end = 10 + buffer.readUInt16BE(8);
      const known =
        [0x1101, 0x1102, 0x1103, 0x1104].includes(command) ||
        (this.#keyferry && command >= 0x11f0 && command !== 0x11f9);
      const believed = (version === 1 || anyVersion === true) && (known || anyCommand === true);
      if (!believed && forgiving !== true) {
        if (staysAfterGarbage === true) talk.deaf = true;
        else socket.destroy();
        return Buffer.alloc(0);
      }
      if (buffer.length < end) return buffer;
      const id = buffer.readUInt32BE(2);
      if (this.#keyferry && id <= talk.lastHeard && forgiving !== true) socket.destroy();
      talk.lastHeard = id;
      this.#answer(socket, talk, anyCommand === true && !known ? 0x1101 : command, buffer.subarray(10, end));
      buffer = oneMessageARead === true ? Buffer.alloc(0) : buffer.subarray(end);
    }
    return buffer;
  }

  #answer(socket: Socket, talk: Talk, command: number, payload: Buffer): void {
    this.#messages += 1;
    if (talk.deaf || socket.destroyed) return;
    if (this.#faults.diesOf?.(payload, this.#messages) === true) return this.stop();
    if (this.#keyferry && !this.#converse(socket, talk, command, payload)) return;
    const members = (this.#faults.parse ?? strictly)(payload);
    if (members === undefined) return;
    if (command === 0x1101) this.#relayed(socket, talk, members);
    if (command === 0x1103) this.#notified(socket, talk, members);
    if (this.#faults.chatters === true && command % 2 === 0)
      this.#send(socket, talk, command, { response: 'thanks' });
  }

  #relayed(socket: Socket, talk: Talk, members: Record<string, unknown>): void {
    const request = members['keyrelayrequestid'];
    const completion = {
      response: this.#keep(members),
      ...(request === undefined ? {} : { key_relay_request_ID: request }),
    };
    this.#send(socket, talk, 0x1102, this.#faults.completion?.(completion) ?? completion);
  }

  #keep(members: Record<string, unknown>): string {
    const { needsNothing, knowsEverybody, takesOwnName, overwrites, refusesAgain, ignoresTransitList } =
      this.#faults;
    if (needsNothing === true) return 'success';
    const { sourcekmaid: source, destinationkmaid: destination, transitkmaids: transit, keys } = members;
    const text = (value: unknown): value is string =>
      typeof value === 'string' && value !== '' && value.length <= 64;
    if (!text(source) || !text(destination) || !Array.isArray(keys) || keys.length === 0) return 'malformed';
    if (source === this.#self && takesOwnName !== true) return 'refused';
    const entries = (keys as Record<string, unknown>[]).map(folded);
    const base64 = (value: unknown) => typeof value === 'string' && /^[A-Za-z0-9+/]+=*$/.test(value);
    if (!entries.every((entry) => text(entry['keyid']) && base64(entry['key']))) return 'malformed';
    if (destination !== this.#self) {
      const named = !Array.isArray(transit) || transit.includes(this.#self) || ignoresTransitList === true;
      return (destination === 'C' && named) || knowsEverybody === true ? 'success' : 'no_route';
    }
    for (const { keyid, key } of entries) {
      const before = this.#keys.get(keyid as string);
      if (before !== undefined && (refusesAgain === true || (before !== key && overwrites !== true)))
        return 'conflict';
      this.#keys.set(keyid as string, key as string);
    }
    return 'success';
  }

  #notified(socket: Socket, talk: Talk, members: Record<string, unknown>): void {
    const { sessionid: session, numberofkeys: number = 1 } = members;
    const possible =
      typeof session === 'string' && Number.isInteger(number) && Number(number) > 0 && Number(number) < 100;
    const response = possible || this.#faults.suppliesAnything === true ? 'success' : 'refused';
    const answer = { session_ID: session, key_ID: randomUUID(), response };
    this.#send(socket, talk, 0x1104, this.#faults.supplyResponse?.(answer) ?? answer);
  }

  #greet(socket: Socket, talk: Talk): void {
    const greeting = { kma_ID: this.#self, unit_bits: 256, store_ID: 'toy' };
    this.#send(socket, talk, 0x11f0, this.#faults.greeting?.(greeting) ?? greeting);
  }

  // keyferry/1 without key. Returns whether the message is for the other commands.
  #converse(socket: Socket, talk: Talk, command: number, payload: Buffer): boolean {
    const forgiving = this.#faults.forgiving === true;
    if (command === 0x11f0) {
      const good = strictly(payload)?.['kmaid'] === 'P' && !talk.greeted;
      talk.greeted = true;
      if (!good && !forgiving) socket.destroy();
    } else if (!talk.greeted && !forgiving) socket.destroy();
    else if (command === 0x11fe && this.#faults.mute !== true) this.#send(socket, talk, 0x11ff, {});
    return false;
  }

  #send(socket: Socket, talk: Talk, command: number, members: Record<string, unknown>): void {
    if (socket.destroyed) return;
    const good = Buffer.from(JSON.stringify(members));
    const payload = this.#faults.payload?.(good) ?? good;
    talk.lastSaid += 1;
    socket.write(
      Buffer.concat([(this.#faults.header ?? goodHeader)(talk.lastSaid, command, payload.length), payload]),
    );
  }
}

class Talk {
  lastHeard = 0;
  lastSaid = 0;
  greeted = false;
  deaf = false;
}

export function goodHeader(id: number, command: number, length: number): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt16BE(1, 0);
  header.writeUInt32BE(id, 2);
  header.writeUInt16BE(command, 6);
  header.writeUInt16BE(length, 8);
  return header;
}

function strictly(payload: Buffer): Record<string, unknown> | undefined {
  return JsonView.of(payload) instanceof JsonView
    ? folded(JSON.parse(payload.toString()) as Record<string, unknown>)
    : undefined;
}

export function folded(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name.replaceAll(/[ _-]/g, '').toLowerCase(), value]),
  );
}
