import type { Admission } from '../../env/admission.ts';
import type { Clock } from '../../env/clock.ts';
import { limits } from '../../limits.ts';
import { TokenBucket } from './token-bucket.ts';

/** What a gate keeps to. */
export type GateRule = {
  /** Handshakes under way, of one host and of all strangers together. */
  readonly perHost: number;
  readonly strangers: number;
  /** Handshakes that one host may begin: so many at once, then so many a second. One that came to nothing counts as several. */
  readonly pace?: { readonly burst: number; readonly perSecond: number; readonly lostCost: number };
};

/** Neighbours connect now and then. */
export const kxGate: GateRule = {
  perHost: limits.kxHandshakesPerHostMax,
  strangers: limits.kxHandshakesMax,
  pace: {
    burst: limits.kxHandshakeBurst,
    perSecond: limits.kxHandshakesPerSecond,
    lostCost: limits.kxHandshakeLostCost,
  },
};

/** An application may make a connection for each request, and many share a host. */
export const supplyGate: GateRule = {
  perHost: limits.supplyHandshakesPerHostMax,
  strangers: limits.supplyHandshakesMax,
};

type Host = { underway: number; readonly bucket: TokenBucket | undefined };

/**
 * Who may begin a handshake. Each host has so many at once and, where a pace is set, so many a second, and all strangers together so many at
 * once, so that neither one host nor many can use up what connections or processor time there is. Hosts from which somebody came before who
 * was let in are no strangers: where all is taken by strangers, they still get in.
 */
export class Gate implements Admission {
  readonly #rule: GateRule;
  readonly #clock: Clock;
  /** In the order in which they were last seen. */
  readonly #hosts = new Map<string, Host>();
  readonly #welcome = new Set<string>();
  #underway = 0;

  constructor(rule: GateRule, clock: Clock) {
    this.#rule = rule;
    this.#clock = clock;
  }

  enter(address: string): ((welcome: boolean) => void) | undefined {
    const name = hostOf(address);
    const host = this.#host(name);
    if (host === undefined || host.underway >= this.#rule.perHost) return undefined;
    if (this.#underway >= this.#rule.strangers && !this.#welcome.has(name)) return undefined;
    if (host.bucket?.take(this.#clock.monotonicMs()) === false) return undefined;
    host.underway += 1;
    this.#underway += 1;
    let over = false;
    return (welcome) => {
      if (over) return;
      over = true;
      host.underway -= 1;
      this.#underway -= 1;
      if (welcome) return this.#remember(name);
      const { pace } = this.#rule;
      if (pace !== undefined) host.bucket?.charge(pace.lostCost - 1, this.#clock.monotonicMs());
    };
  }

  #host(name: string): Host | undefined {
    const known = this.#hosts.get(name);
    this.#hosts.delete(name);
    if (known === undefined && this.#hosts.size >= limits.gateHostsMax && !this.#forgetOne())
      return undefined;
    const { pace } = this.#rule;
    const bucket = () => pace && new TokenBucket(pace.burst, pace.perSecond, this.#clock.monotonicMs());
    const host = known ?? { underway: 0, bucket: bucket() };
    this.#hosts.set(name, host);
    return host;
  }

  // The one that was last seen longest ago and has nothing under way; no more than the rule's number of strangers have.
  #forgetOne(): boolean {
    for (const [name, { underway }] of this.#hosts) {
      if (underway > 0) continue;
      this.#hosts.delete(name);
      return true;
    }
    return false;
  }

  #remember(name: string): void {
    this.#welcome.delete(name);
    this.#welcome.add(name);
    if (this.#welcome.size > limits.peersMax) this.#welcome.delete(this.#welcome.values().next().value!);
  }
}

/** What counts as one host: an IPv4 address, or the 64-bit prefix of an IPv6 one, all of which one machine may use. */
export function hostOf(address: string): string {
  const mapped = address.toLowerCase().replace(/^::ffff:/, '');
  if (!mapped.includes(':')) return mapped;
  const [head = '', tail] = (mapped.split('%')[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  if (tail !== undefined) while (groups.length + behind < 8) groups.push('0');
  return groups.slice(0, 4).join(':');
}
