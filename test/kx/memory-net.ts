import type { ByteLinkEvents, PausableLink } from '../../src/env/byte-link.ts';
import { KX_PROTOCOL, type KxTransport, type OnKxConnection } from '../../src/env/kx-transport.ts';
import { expiredFrames } from '../../src/kx/codec/frame-reader.ts';

expiredFrames.poisoned = true;

type Listener = { readonly kmaId: string; readonly onConnection: OnKxConnection };

/** One end of a byte stream in memory. What it is given comes out of the other end some turns of the event loop later. */
class End implements PausableLink {
  readonly #net: MemoryNet;
  #queue: Buffer[] = [];
  #moving = false;
  other!: End;
  events: ByteLinkEvents | undefined;
  closed = false;
  paused = false;
  queuedBytes = 0;
  readonly name: string;

  constructor(net: MemoryNet, name: string) {
    this.#net = net;
    this.name = name;
  }

  write(bytes: Uint8Array, taken?: () => void): void {
    const copy = Buffer.from(bytes);
    taken?.();
    if (this.closed) return;
    this.#net.crossing?.(this.name, copy);
    this.#queue.push(copy);
    this.queuedBytes += copy.length;
    this.move();
  }

  move(): void {
    if (this.#moving || this.#queue.length === 0) return;
    this.#moving = true;
    setImmediate(() => {
      this.#moving = false;
      if (this.#net.stalled.has(this.name)) return;
      while (!this.other.paused && this.#queue.length > 0) {
        const chunk = this.#queue.shift()!;
        this.queuedBytes -= chunk.length;
        if (!this.other.closed) this.#hand(chunk);
      }
    });
  }

  // The receiver may write into what it gets; the test's ear has its own.
  #hand(chunk: Buffer): void {
    if (!this.#net.dropped?.(this.name, chunk)) this.other.events?.onData(Buffer.from(chunk));
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.other.move();
  }

  close(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    setImmediate(() => this.events?.onClosed(reason));
    setImmediate(() => this.other.end());
  }

  end(): void {
    if (this.closed) return;
    this.closed = true;
    this.events?.onClosed('the peer closed the connection');
  }
}

/** A network in memory: authenticated links between KMAs, by address `host:port`. Ends are named `A>B`: what A sends to B. */
export class MemoryNet {
  readonly #listeners = new Map<string, Listener>();
  readonly #ends = new Set<End>();
  /** Ends that deliver nothing for now. */
  readonly stalled = new Set<string>();
  /** Hears everything that is sent. */
  crossing: ((name: string, bytes: Buffer) => void) | undefined;
  /** Says which chunks get lost. */
  dropped: ((name: string, bytes: Buffer) => boolean) | undefined;
  /** Addresses that were dialled, in order. */
  readonly dials: string[] = [];
  protocol: string | undefined = KX_PROTOCOL;

  /** @param kmaId in the certificate of whoever uses it */
  transport(kmaId: string): KxTransport {
    return {
      listen: async (host, port, onConnection) => {
        this.#listeners.set(`${host}:${port}`, { kmaId, onConnection });
        return { port, close: async () => void this.#listeners.delete(`${host}:${port}`) };
      },
      dial: (host, port, protocol, onConnection, onFailed) => {
        this.dials.push(`${kmaId} ${host}:${port}`);
        let settled = false;
        const fail = (reason: string) => {
          if (settled) return;
          settled = true;
          onFailed(reason);
        };
        setImmediate(() => {
          const listener = this.#listeners.get(`${host}:${port}`);
          if (settled) return;
          if (listener === undefined) return fail('nobody listens');
          settled = true;
          this.#connect({ kmaId, onConnection }, listener, protocol);
        });
        // As the transport over TLS does.
        return () => fail('the dial was cancelled');
      },
    };
  }

  /** Breaks every connection. */
  cut(): void {
    for (const end of this.#ends) end.close('the line was cut');
    this.#ends.clear();
  }

  /** Lets the receiver of `name` have bytes that its sender never wrote. @returns whether there is such a connection */
  inject(name: string, bytes: Buffer): boolean {
    const end = [...this.#ends].find((one) => one.name === name && !one.closed);
    end?.other.events?.onData(Buffer.from(bytes));
    return end !== undefined;
  }

  /** Lets an end deliver again. */
  resume(name: string): void {
    this.stalled.delete(name);
    for (const end of this.#ends) if (end.name === name) end.move();
  }

  #connect(from: Listener, to: Listener, protocol: string | undefined): void {
    const here = new End(this, `${from.kmaId}>${to.kmaId}`);
    const there = new End(this, `${to.kmaId}>${from.kmaId}`);
    here.other = there;
    there.other = here;
    for (const end of [here, there]) this.#ends.add(end);
    const agreed = this.protocol === undefined ? undefined : protocol;
    this.#hand(to.onConnection, from.kmaId, agreed, there);
    this.#hand(from.onConnection, to.kmaId, agreed, here);
  }

  #hand(onConnection: OnKxConnection, kmaId: string, protocol: string | undefined, end: End): void {
    const identity = { kmaId, protocol, cipher: 'none', remoteAddress: 'memory' };
    const events = onConnection(identity, end);
    if ('refuse' in events) end.close(events.refuse);
    else end.events = events;
  }
}
