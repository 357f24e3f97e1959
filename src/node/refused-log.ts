import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../env/clock.ts';
import type { LogFields } from '../env/log.ts';
import { limits } from '../limits.ts';

/** What OpenSSL and Node.js call what may be a neighbour's or an application's fault as well as an attacker's, and what to do in the first case. */
const REMEDIES: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown authority',
  CERT_HAS_EXPIRED: 'Its certificate has expired: have it renewed.',
  CERT_NOT_YET_VALID: 'Its certificate is not valid yet: compare the clocks of both machines.',
  CERT_REVOKED: 'Its authority has revoked its certificate: have a new one issued.',
  INVALID_PURPOSE: 'Its certificate is not made for this use: have one issued for TLS clients and servers.',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'It showed no certificate: give it one.',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'unsupported version',
  ERR_SSL_NO_APPLICATION_PROTOCOL:
    'Its ALPN offers no protocol that is spoken here: have it offer none, or the right one.',
  ERR_SSL_HTTP_REQUEST: 'It speaks HTTP without TLS: have it use https.',
};

/**
 * Where a refused connection came from. Node.js has let go of it by the time it says that a certificate was refused; what the TLS connection ran over,
 * which is no part of its documented interface, still knows.
 */
export function refusedAddress(socket: TLSSocket): string | undefined {
  return socket.remoteAddress ?? (socket as { readonly _parent?: Socket })._parent?.remoteAddress;
}

type Kind = { nextMs: number; unlogged: number };

/**
 * Says that connections were refused, and why. An operator needs to see it; an attacker must not fill the log: of each reason there is a line a
 * second.
 */
export class RefusedLog {
  readonly #clock: Clock;
  readonly #authorities: string;
  readonly #lowest: string;
  readonly #say: (fields: LogFields) => void;
  readonly #kinds = new Map<string, Kind>();

  /**
   * @param authorities the setting that names those whose certificates are taken
   * @param lowest the oldest version of TLS that is spoken
   */
  constructor(
    clock: Clock,
    authorities: string,
    lowest: 'TLS 1.2' | 'TLS 1.3',
    say: (fields: LogFields) => void,
  ) {
    this.#clock = clock;
    this.#authorities = authorities;
    this.#lowest = lowest;
    this.#say = say;
  }

  note(reason: string, address: string | undefined): void {
    const kind = this.#kindOf(reason);
    kind.unlogged += 1;
    const now = this.#clock.monotonicMs();
    if (now < kind.nextMs) return;
    this.#say({ reason, address, count: kind.unlogged, remedy: this.#remedyFor(reason) });
    kind.nextMs = now + limits.refusedLogMs;
    kind.unlogged = 0;
  }

  // Words from outside may be in a reason: of new ones beyond number, the oldest is forgotten.
  #kindOf(reason: string): Kind {
    const known = this.#kinds.get(reason);
    if (known !== undefined) return known;
    if (this.#kinds.size >= limits.refusedKindsMax) this.#kinds.delete(this.#kinds.keys().next().value!);
    const kind = { nextMs: Number.NEGATIVE_INFINITY, unlogged: 0 };
    this.#kinds.set(reason, kind);
    return kind;
  }

  #remedyFor(reason: string): string | undefined {
    const remedy = REMEDIES[reason];
    if (remedy === 'unsupported version') return `It speaks no ${this.#lowest} or later.`;
    if (remedy !== 'unknown authority') return remedy;
    return `Its certificate is of an authority that is not in ${this.#authorities}: if it should be, put that authority there.`;
  }
}
