import type { ByteLinkEvents, PausableLink } from './byte-link.ts';

/** What the two ends of an authenticated Kx connection know of each other before the first message. */
export type KxIdentity = {
  /** KMA ID in the peer's verified certificate. */
  readonly kmaId: string;
  /** Agreed application protocol: `keyferry/1`, or undefined for a plain Q.4163 peer. */
  readonly protocol: string | undefined;
  readonly cipher: string;
  readonly remoteAddress: string;
};

/** Takes a new connection, or refuses it with a reason. */
export type OnKxConnection = (
  identity: KxIdentity,
  link: PausableLink,
) => ByteLinkEvents | { readonly refuse: string };

/** TLS 1.3 with both certificates checked against the KM authority (Q.4163 Appendix I, notes 2 and 3). */
export interface KxTransport {
  listen(
    host: string,
    port: number,
    onConnection: OnKxConnection,
  ): Promise<{ port: number; close(): Promise<void> }>;
  /**
   * One try. `onFailed` runs once when no connection came of it.
   * @param protocol to agree on by ALPN; undefined for a plain Q.4163 peer
   * @returns cancels the try
   */
  dial(
    host: string,
    port: number,
    protocol: string | undefined,
    onConnection: OnKxConnection,
    onFailed: (reason: string) => void,
  ): () => void;
}

export const KX_PROTOCOL = 'keyferry/1';
