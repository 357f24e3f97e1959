import { AgentError } from '../errors.ts';

export type Route = { readonly destination: string; readonly via: readonly string[] };

/** Where key goes next: the configured routes, and the neighbours. */
export class Routes {
  readonly #self: string;
  #neighbours: ReadonlySet<string> = new Set();
  #linked: ReadonlySet<string> = new Set();
  #plain: ReadonlySet<string> = new Set();
  #routes: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(self: string) {
    this.#self = self;
  }

  /**
   * These hold from now on, and no others.
   * @param linked neighbours with whom a QKD link is shared: their pool is filled by its modules, never by relay
   * @param plain KMAs, neighbours or not, that speak plain Q.4163
   */
  use(
    neighbours: Iterable<string>,
    routes: readonly Route[],
    linked: Iterable<string> = [],
    plain: Iterable<string> = [],
  ): this {
    this.#linked = new Set(linked);
    this.#plain = new Set(plain);
    this.#neighbours = new Set(neighbours);
    this.#routes = new Map(routes.map(({ destination, via }) => [destination, via]));
    return this;
  }

  /** The transit KMAs to a destination, in order; empty for a neighbour, unless no QKD link leads to it and a route does. */
  transit(destination: string): readonly string[] | undefined {
    const route = this.#routes.get(destination);
    if (this.#neighbours.has(destination) && (route === undefined || this.#linked.has(destination)))
      return [];
    return route;
  }

  /**
   * Whether what names this KMA as its source may have come from that neighbour: from the source itself, or from where our own way to it
   * begins. Ways are the same in both directions; otherwise any neighbour could speak for any KMA. A source to which we know no way is the
   * affair of those between whom we pass it on; a plain neighbour speaks for nobody so.
   */
  mayComeFrom(source: string, neighbour: string): boolean {
    if (source === neighbour) return true;
    if (source === this.#self) return false;
    const way = this.transit(source);
    return way === undefined ? !this.#plain.has(neighbour) : (way[0] ?? source) === neighbour;
  }

  /** Whether a pool is shared with this KMA that key relay fills. */
  relaysWith(kmaId: string): boolean {
    return !this.#linked.has(kmaId) && (this.#neighbours.has(kmaId) || this.#routes.has(kmaId));
  }

  /** Whether this KMA speaks plain Q.4163: it has no pads, and knows its keys by nothing but the IDs they were relayed under. */
  isPlain(kmaId: string): boolean {
    return this.#plain.has(kmaId);
  }

  /** @throws AgentError `relay.no_route`, `relay.linked` */
  need(destination: string): readonly string[] {
    if (this.#linked.has(destination)) {
      throw new AgentError('relay.linked', `KMA ${destination} shares a QKD link with this node`, {
        fault: 'application',
        remedy: 'Nothing needs to be relayed: the pool with it is filled by the modules of the link.',
      });
    }
    const transit = this.transit(destination);
    if (transit !== undefined && destination !== this.#self) return transit;
    throw new AgentError('relay.no_route', `there is no route to KMA ${destination}`, {
      fault: 'configuration',
      remedy: `Add a route with destination ${destination} to kx.routes.`,
    });
  }

  /**
   * The neighbour that a message in transit goes to (Q.4163 §7.1: to the KM that is specified in the message; without a transit list
   * by our own routes). Undefined when we are not on its way.
   */
  next(destination: string, transit: readonly string[] | undefined): string | undefined {
    if (transit === undefined || transit.length === 0) {
      const way = this.transit(destination);
      return way === undefined ? undefined : (way[0] ?? destination);
    }
    const at = transit.indexOf(this.#self);
    if (at < 0 || transit.lastIndexOf(this.#self) !== at) return undefined;
    const next = transit[at + 1] ?? destination;
    return this.#neighbours.has(next) ? next : undefined;
  }
}
