import type { ByteLinkEvents, PausableLink } from '../../src/env/byte-link.ts';
import { KX_PROTOCOL, type KxTransport, type OnKxConnection } from '../../src/env/kx-transport.ts';
import type { Random } from '../fuzz/random.ts';
import type { Timeline } from './timeline.ts';

/** Whoever listens, in one life of a node. */
type Listener = { readonly host: Host; readonly onConnection: OnKxConnection };

/** One life of a node on the network. */
export class Host {
  readonly kmaId: string;
  dead = false;
  /** Its certificate is believed by nobody. */
  expired = false;
  readonly ends = new Set<End>();

  constructor(kmaId: string) {
    this.kmaId = kmaId;
  }
}

/** Whether frames of this direction arrive, and how late. */
export type Weather = {
  /** Milliseconds on the way. */
  delayMs(from: string, to: string): number;
  /** Nothing arrives in this direction now. */
  blocked(from: string, to: string): boolean;
  /** Of 100 chunks, so many arrive in pieces. */
  readonly splitPercent: number;
};

/** What an attacker in the middle who can open TLS makes of a frame: what arrives in its place, in order. */
export type Attacker = (from: string, to: string, frame: Buffer) => readonly Buffer[];

const RETRY_MS = 50;
const HANDSHAKE_MS = 3_000;

/** One end of a connection. */
export class End implements PausableLink {
  readonly #net: SimNet;
  readonly host: Host;
  other!: End;
  events: ByteLinkEvents | undefined;
  readonly #queue: { readonly bytes: Buffer; readonly taken: (() => void) | undefined }[] = [];
  #moving = false;
  #paused = false;
  closed = false;
  queuedBytes = 0;

  constructor(net: SimNet, host: Host) {
    this.#net = net;
    this.host = host;
    host.ends.add(this);
  }

  write(bytes: Uint8Array, taken?: () => void): void {
    if (this.closed || this.host.dead) return taken?.();
    const frame = Buffer.from(bytes);
    this.#net.onFrame(this.host.kmaId, this.other.host.kmaId, frame);
    for (const part of this.#net.attacked(this.host.kmaId, this.other.host.kmaId, frame))
      this.#queue.push({ bytes: part, taken: undefined });
    this.#queue.push({ bytes: Buffer.alloc(0), taken });
    this.queuedBytes += frame.length;
    this.#move();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.other.#move();
  }

  close(reason: string): void {
    if (this.closed) return;
    this.#end();
    this.#net.later(0, this.host, () => this.events?.onClosed(reason));
    this.#net.laterAcross(this, () => this.other.lost('the peer closed the connection'));
  }

  /** The other end has gone, or the way to it. @param partly the first bytes of what was under way arrive before */
  lost(reason: string, partly = false): void {
    if (this.closed) return;
    const next = this.other.#queue[0]?.bytes;
    if (partly && next !== undefined && next.length > 1 && !this.#paused)
      this.events?.onData(Buffer.from(next.subarray(0, next.length >> 1)));
    this.#end();
    if (!this.host.dead) this.events?.onClosed(reason);
  }

  #end(): void {
    this.closed = true;
    this.host.ends.delete(this);
    for (const { taken } of this.#queue.splice(0)) taken?.();
    this.queuedBytes = 0;
  }

  #move(): void {
    if (this.#moving || this.#queue.length === 0) return;
    this.#moving = true;
    this.#net.laterAcross(this, () => {
      this.#moving = false;
      if (!this.closed) this.#deliver();
    });
  }

  #deliver(): void {
    const { other } = this;
    if (other.#paused) return;
    if (this.#net.weather.blocked(this.host.kmaId, other.host.kmaId)) {
      this.#moving = true;
      this.#net.timeline.after(RETRY_MS, () => {
        this.#moving = false;
        if (!this.closed) this.#deliver();
      });
      return;
    }
    const next = this.#queue.shift();
    if (next === undefined) return;
    if (next.bytes.length > 1 && this.#net.splits()) {
      const at = 1 + this.#net.random.below(next.bytes.length - 1);
      this.#queue.unshift({ bytes: next.bytes.subarray(at), taken: next.taken });
      this.#arrive(next.bytes.subarray(0, at));
    } else {
      next.taken?.();
      this.#arrive(next.bytes);
    }
    this.#move();
  }

  #arrive(bytes: Buffer): void {
    this.queuedBytes = Math.max(0, this.queuedBytes - bytes.length);
    if (bytes.length === 0 || this.other.closed || this.other.host.dead) return;
    this.other.events?.onData(Buffer.from(bytes));
  }
}

/** Authenticated connections between the nodes, and what may become of them. */
export class SimNet {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly weather: Weather;
  readonly #listeners = new Map<string, Listener>();
  /** Sees every frame as it leaves a node. */
  onFrame: (from: string, to: string, frame: Buffer) => void = () => {};
  attacker: Attacker | undefined;

  constructor(timeline: Timeline, random: Random, weather: Weather) {
    this.timeline = timeline;
    this.random = random;
    this.weather = weather;
  }

  transport(host: Host): KxTransport {
    return {
      listen: async (_name, port, onConnection) => {
        const at = `${host.kmaId}:${port}`;
        this.#listeners.set(at, { host, onConnection });
        return { port, close: async () => void this.#listeners.delete(at) };
      },
      dial: (name, port, protocol, onConnection, onFailed) => {
        let settled = false;
        const fail = (reason: string) => {
          if (settled || host.dead) return;
          settled = true;
          onFailed(reason);
        };
        const arrive = () => {
          if (settled || host.dead) return;
          const to = this.#listeners.get(`${name}:${port}`);
          if (to === undefined || to.host.dead) return fail('connection refused');
          if (host.expired || to.host.expired) return fail('certificate has expired');
          settled = true;
          this.#connect({ host, onConnection }, to, protocol);
        };
        const blocked = () =>
          this.weather.blocked(host.kmaId, name) || this.weather.blocked(name, host.kmaId);
        this.timeline.after(this.weather.delayMs(host.kmaId, name), () => {
          if (!blocked()) arrive();
          else this.timeline.after(HANDSHAKE_MS, () => fail('the TLS handshake took too long'));
        });
        return () => {
          settled = true;
        };
      },
    };
  }

  /** Breaks the connections between two nodes. @param partly in the middle of a frame */
  reset(a: string, b: string, partly: boolean, hosts: Iterable<Host>): void {
    for (const host of hosts)
      for (const end of [...host.ends])
        if ([a, b].includes(host.kmaId) && [a, b].includes(end.other.host.kmaId))
          end.lost('connection reset', partly);
  }

  /** The process has gone, and its operating system says so. */
  hangUp(host: Host): void {
    host.dead = true;
    for (const end of [...host.ends])
      this.laterAcross(end, () => end.other.lost('the peer closed the connection'));
  }

  /** The power has gone: nobody says anything. */
  vanish(host: Host): void {
    host.dead = true;
  }

  /** Ends connections of a node that nobody believes any more. */
  expire(host: Host): void {
    host.expired = true;
    for (const end of [...host.ends]) {
      const { other } = end;
      end.lost("the peer's certificate has expired");
      other.lost("the peer's certificate has expired");
    }
  }

  later(ms: number, host: Host, run: () => void): void {
    this.timeline.after(ms, () => {
      if (!host.dead) run();
    });
  }

  laterAcross(end: End, run: () => void): void {
    this.timeline.after(this.weather.delayMs(end.host.kmaId, end.other.host.kmaId), run);
  }

  splits(): boolean {
    return this.random.below(100) < this.weather.splitPercent;
  }

  attacked(from: string, to: string, frame: Buffer): readonly Buffer[] {
    return this.attacker?.(from, to, frame) ?? [frame];
  }

  #connect(from: Listener, to: Listener, protocol: string | undefined): void {
    const here = new End(this, from.host);
    const there = new End(this, to.host);
    here.other = there;
    there.other = here;
    this.#hand(to.onConnection, from.host.kmaId, protocol, there);
    this.#hand(from.onConnection, to.host.kmaId, protocol, here);
  }

  #hand(onConnection: OnKxConnection, kmaId: string, protocol: string | undefined, end: End): void {
    const agreed = protocol === KX_PROTOCOL ? protocol : undefined;
    const identity = { kmaId, protocol: agreed, cipher: 'simulated', remoteAddress: kmaId };
    const events = onConnection(identity, end);
    if ('refuse' in events) end.close(events.refuse);
    else end.events = events;
  }
}
