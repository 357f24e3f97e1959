import type { ByteLinkEvents, PausableLink } from '../../env/byte-link.ts';
import type { Clock } from '../../env/clock.ts';
import {
  KX_PROTOCOL,
  type KxIdentity,
  type KxTransport,
  type OnKxConnection,
} from '../../env/kx-transport.ts';
import type { Log } from '../../env/log.ts';
import { limits } from '../../limits.ts';
import type { MemberNames } from '../codec/member-names.ts';
import type { Hello } from '../codec/private-messages.ts';
import { giveMemory } from '../codec/slots.ts';
import type { Message } from '../session/session.ts';
import { Connection } from './connection.ts';
import { TokenBucket } from './token-bucket.ts';

export type PeerAddress = { readonly host: string; readonly port: number };

export type PeerEvents = {
  /** `hello` is undefined for a plain peer, which has no greeting. */
  onUp(peer: Peer, hello: Hello | undefined): void;
  /** @returns until when the message is being worked on; nothing when it is done with */
  onMessage(peer: Peer, message: Message): void | Promise<void>;
};

/** A peer that speaks the Recommendation's four commands and nothing else. */
export type PlainPeer = {
  /** Key may cross the link protected by TLS alone. */
  readonly unprotectedKey: boolean;
  readonly memberNames: MemberNames;
};

/** What is said of a peer, and may change. */
export type PeerProfile = {
  readonly address: PeerAddress | undefined;
  /** Undefined for a keyferry peer. */
  readonly plain?: PlainPeer | undefined;
};

export type PeerOptions = PeerProfile & {
  readonly kmaId: string;
  readonly self: Hello;
  readonly transport: KxTransport;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: PeerEvents;
};

type Live = { readonly connection: Connection; readonly dialled: boolean; readonly identity: KxIdentity };

/**
 * A neighbour KM: keeps at most one connection to it, dials again with back-off when it has an address. Where both ends dialled, the
 * connection stays that the KMA dialled whose ID sorts first.
 */
export class Peer {
  readonly kmaId: string;
  readonly #options: PeerOptions;
  #profile: PeerProfile;
  #live: Live | undefined;
  #up = false;
  #stopped = false;
  #backOffMs: number = limits.dialBackOffMsMin;
  #cancelDial: () => void = () => {};
  connects = 0;
  lastDown: string | undefined;
  #bad = 0;
  #upMs = 0;
  readonly #connectRate: TokenBucket;
  readonly #errRate: TokenBucket;

  constructor(options: PeerOptions) {
    this.kmaId = options.kmaId;
    this.#options = options;
    this.#profile = options;
    const { peerConnectsBurst, peerConnectsPerSecond } = limits;
    this.#connectRate = new TokenBucket(
      peerConnectsBurst,
      peerConnectsPerSecond,
      options.clock.monotonicMs(),
    );
    const { badMessagesMax, toldMessagesPerSecond } = limits;
    this.#errRate = new TokenBucket(badMessagesMax, toldMessagesPerSecond, options.clock.monotonicMs());
  }

  get plain(): PlainPeer | undefined {
    return this.#profile.plain;
  }

  get up(): boolean {
    return this.#up;
  }

  get identity(): KxIdentity | undefined {
    return this.#up ? this.#live?.identity : undefined;
  }

  /** Whether so much waits to leave that nothing should be added. */
  get congested(): boolean {
    return this.#live?.connection.congested ?? true;
  }

  get traffic(): { readonly messagesIn: number; readonly messagesOut: number } {
    const { messagesIn = 0, messagesOut = 0 } = this.#live?.connection ?? {};
    return { messagesIn, messagesOut };
  }

  start(): void {
    const { address } = this.#profile;
    if (address === undefined || this.#stopped || this.#live !== undefined) return;
    const onConnection: OnKxConnection = (identity, link) => this.adopt(identity, link, true);
    const protocol = this.plain === undefined ? KX_PROTOCOL : undefined;
    this.#cancelDial = this.#options.transport.dial(
      address.host,
      address.port,
      protocol,
      onConnection,
      (reason) => this.#failed(reason),
    );
  }

  stop(reason = 'the agent stops'): void {
    this.#stopped = true;
    this.#cancelDial();
    this.#live?.connection.close(reason);
  }

  /** Something else is said of the peer: its connection ends, and `start` begins as that says, also where it was stopped. */
  change(profile: PeerProfile): void {
    this.stop('the configuration has changed');
    this.#profile = profile;
    this.#stopped = false;
    this.#backOffMs = limits.dialBackOffMsMin;
  }

  /** See `Connection.send`. */
  send(frame: Buffer, seal?: (frame: Buffer) => void): boolean {
    if (this.#up && this.#live !== undefined) return this.#live.connection.send(frame, seal);
    giveMemory(frame);
    return false;
  }

  /** Ends the connection; it is dialled again as after any fault. */
  drop(reason: string): void {
    this.#live?.connection.close(reason);
  }

  /** A message failed its authenticator. More than a few on one connection, and it is not worth keeping. */
  notAuthentic(): void {
    this.#countBad('not authentic');
  }

  /** No message of this connection was bad yet. */
  get spotless(): boolean {
    return this.#bad === 0;
  }

  /** Whether one more message that is answered by what is wrong with it need not count as bad. */
  mayErr(): boolean {
    return this.#errRate.take(this.#options.clock.monotonicMs());
  }

  /** A message could not be read. These count together with those that are not authentic. */
  malformed(): void {
    this.#countBad('malformed');
  }

  #countBad(what: string): void {
    this.#bad += 1;
    if (this.#bad > limits.badMessagesMax) this.drop(`too many bad messages, the last one ${what}`);
  }

  /** A connection to or from this peer has been authenticated. */
  adopt(
    identity: KxIdentity,
    link: PausableLink,
    dialled: boolean,
  ): ByteLinkEvents | { readonly refuse: string } {
    const refuse = this.#refusal(identity, dialled) ?? this.#tooOften();
    if (refuse !== undefined) {
      if (dialled) this.#failed(refuse);
      else this.#turnedAway(refuse);
      return { refuse };
    }
    const before = this.#live;
    this.#live = undefined;
    before?.connection.close('replaced by a newer connection');
    this.#cancelDial();
    const { clock, self, events } = this.#options;
    const heard = {
      onUp: (hello: Hello | undefined) => this.#onUp(identity, hello),
      onMessage: (message: Message) => events.onMessage(this, message),
      onDown: (reason: string) => this.#onDown(connection, reason),
    };
    const connection = new Connection(clock, link, self, this.kmaId, heard, this.plain !== undefined);
    this.#live = { connection, dialled, identity };
    connection.start();
    return connection;
  }

  #refusal(identity: KxIdentity, dialled: boolean): string | undefined {
    if (this.#stopped) return 'the agent stops';
    if (identity.kmaId !== this.kmaId) return `the certificate says ${identity.kmaId}, not ${this.kmaId}`;
    const { protocol } = identity;
    if (this.plain === undefined && protocol !== KX_PROTOCOL)
      return `the peer did not agree on ${KX_PROTOCOL}, and is not configured as a plain one`;
    if (this.plain !== undefined && protocol !== undefined)
      return `the peer agreed on ${protocol}, though it is configured as a plain one`;
    const mineStays = this.#options.self.kmaId < this.kmaId;
    const live = this.#live;
    if (live !== undefined && live.dialled !== dialled && live.dialled === mineStays)
      return 'another connection to this peer stands';
    return undefined;
  }

  // Each connection costs a handshake, and what follows from a greeting.
  #tooOften(): string | undefined {
    const may = this.#connectRate.take(this.#options.clock.monotonicMs());
    return may ? undefined : 'the peer connects too often';
  }

  #onUp(identity: KxIdentity, hello: Hello | undefined): void {
    this.#up = true;
    this.#bad = 0;
    this.connects += 1;
    this.#upMs = this.#options.clock.monotonicMs();
    // A plain peer has no greeting: it may close what it has only just accepted, again and again.
    if (hello !== undefined) this.#backOffMs = limits.dialBackOffMsMin;
    const { cipher, remoteAddress } = identity;
    this.#options.log.info('kx.peer.up', { peer: this.kmaId, address: remoteAddress, cipher });
    this.#options.events.onUp(this, hello);
  }

  #onDown(connection: Connection, reason: string): void {
    if (this.#live?.connection !== connection && this.#live !== undefined) return;
    this.#live = undefined;
    if (!this.#up) return this.#failed(reason);
    this.#up = false;
    this.lastDown = reason;
    const upMs = this.#options.clock.monotonicMs() - this.#upMs;
    if (connection.messagesIn > 0 || upMs >= limits.dialBackOffMsMax)
      this.#backOffMs = limits.dialBackOffMsMin;
    this.#options.log.warn('kx.peer.down', { peer: this.kmaId, reason });
    this.#redial();
  }

  // Who dialled learns no reason; what stands is not touched by it.
  #turnedAway(reason: string): void {
    if (this.#stopped || this.#live !== undefined) return;
    if (reason !== this.lastDown) this.#options.log.warn('kx.peer.refused', { peer: this.kmaId, reason });
    this.lastDown = reason;
  }

  #failed(reason: string): void {
    if (reason !== this.lastDown) this.#options.log.info('kx.peer.unreachable', { peer: this.kmaId, reason });
    this.lastDown = reason;
    this.#redial();
  }

  #redial(): void {
    if (this.#stopped || this.#profile.address === undefined || this.#live !== undefined) return;
    this.#cancelDial();
    this.#cancelDial = this.#options.clock.after(this.#backOffMs, () => this.start());
    this.#backOffMs = Math.min(this.#backOffMs * 2, limits.dialBackOffMsMax);
  }
}
