/** The operating system's random source, or a simulation's. */
export interface Entropy {
  /** Fills all of `into` with fresh random bytes. */
  fill(into: Uint8Array): void;
  /** A random version-4 UUID in lower case. Never key: for request IDs. */
  uuid(): string;
}
