import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A collector that keeps what it reads and ends each connection when its client has. */
export class Collected {
  readonly server: Server;
  readonly sockets = new Set<Socket>();
  #bytes = Buffer.alloc(0);
  messages: string[] = [];
  connections = 0;
  /** Reads nothing while it is set. */
  deaf = false;

  constructor(t: TestContext, server: Server = createServer()) {
    this.server = server;
    const event = 'setSecureContext' in server ? 'secureConnection' : 'connection';
    server.on(event, (socket: Socket) => this.#take(socket));
    t.after(() => {
      for (const socket of this.sockets) socket.destroy();
      server.close();
    });
  }

  async listen(port = 0): Promise<number> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  get lines(): string[] {
    return this.messages.map((message) => message.slice(message.indexOf('{')));
  }

  get seqs(): number[] {
    return this.lines.map((line) => (JSON.parse(line) as { seq: number }).seq);
  }

  /** Breaks all connections, as a network does. */
  cut(): void {
    for (const socket of this.sockets) (socket as Socket & { resetAndDestroy(): void }).resetAndDestroy();
  }

  #take(socket: Socket): void {
    this.connections += 1;
    this.sockets.add(socket);
    this.#bytes = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.once('close', () => this.sockets.delete(socket));
    if (this.deaf) socket.pause();
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      for (;;) {
        const space = this.#bytes.indexOf(' ');
        const length = Number(this.#bytes.toString('latin1', 0, Math.max(0, space)));
        if (space < 1 || this.#bytes.length < space + 1 + length) break;
        this.messages.push(this.#bytes.toString('utf8', space + 1, space + 1 + length));
        this.#bytes = this.#bytes.subarray(space + 1 + length);
      }
    });
  }
}
