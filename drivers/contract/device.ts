import type { SecretBytes } from '../../src/secret/secret-bytes.ts';
import type { PortSelector } from '../driver.ts';

/** A module that the contract suite plugs in and pulls out: a simulated one, a program, or a transcript that is played. */
export interface ContractDevice {
  /** Where the driver finds it once it is plugged in. */
  readonly port: PortSelector;
  /** The same kind of port, with nothing there. */
  readonly nowhere: PortSelector;
  readonly baudRate: number;
  /** What it proves itself with, 32 bytes, lent to the driver; not given by one that proves nothing. */
  readonly moduleKey?: SecretBytes | undefined;
  /** How many blocks it has at least, 1 or more; it offers the same ones after each plugging in, but those it was told of. */
  readonly blocks: number;
  /** Blocks that it was told to forget, as stored or as refused. */
  readonly forgotten: number;
  /** What it has to complain of, such as bytes that a transcript has no place for. */
  readonly complaint: string | undefined;
  plug(): Promise<void>;
  /** As a cable is pulled: without a word. */
  unplug(): Promise<void>;
  /** Sends rubbish, which `bytes` is a piece of and which becomes its own. */
  readonly noise: (bytes: Buffer) => void;
  /** Unplugs it and removes what it has made. */
  close(): Promise<void>;
}
