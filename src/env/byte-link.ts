/**
 * An open byte stream to something outside (a TLS socket, a serial port), as its user sees it.
 * Guarantees: `onData` gets at least one byte a call, in order; `onClosed` is called exactly once, and nothing after it.
 */
export interface ByteLinkEvents {
  /** `chunk` belongs to the receiver from now on, who may write into it. */
  onData(chunk: Buffer): void;
  onClosed(reason: string): void;
}

export interface ByteLink {
  /** Hands over `bytes`; `taken` runs when the link no longer reads them, so that the caller can wipe or reuse them. */
  write(bytes: Uint8Array, taken?: () => void): void;
  /** Bytes handed over that have not left yet. */
  readonly queuedBytes: number;
  close(reason: string): void;
}

/** One whose other end can be made to wait. */
export interface PausableLink extends ByteLink {
  /** Stops reading: no `onData` comes from now on until some time after `resume`. */
  pause(): void;
  resume(): void;
}
