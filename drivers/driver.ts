import type { Clock } from '../src/env/clock.ts';
import type { Entropy } from '../src/env/entropy.ts';
import type { Log } from '../src/env/log.ts';
import type { SecretBytes } from '../src/secret/secret-bytes.ts';

/** What a module says of itself when it is opened. */
export type ModuleInfo = {
  readonly moduleId: string;
  /** Both ends of one QKD link give the same link ID. */
  readonly linkId: string;
  readonly role: 'tx' | 'rx';
  readonly firmwareVersion: string;
};

/** Final secret bits after distillation. Both ends of the link give the same bytes the same number. */
export type RawKeyBlock = {
  /** 0 to `limits.blockNumberMax`. */
  readonly number: number;
  /** 1 to `limits.bridgeBlockBytesMax` bytes. Belongs to the sink, which wipes it. */
  readonly bytes: SecretBytes;
  /** Quantum bit error rate of this block as a fraction, where the module gives it. */
  readonly qber?: number;
};

/** Names after ETSI GS QKD 015. What a module does not measure is left out. */
export type Telemetry = {
  /** Quantum bit error rate as a fraction, 0 to 0.5. */
  readonly qber?: number;
  /** Secret key rate, bit/s. */
  readonly skr?: number;
  /** Expected secret key rate, bit/s. */
  readonly eskr?: number;
  /** Interference visibility as a fraction, 0 to 1. */
  readonly visibility?: number;
  readonly status?: 'active' | 'passive' | 'pending' | 'off';
  /** °C, at most `limits.bridgeReadingsMax`. */
  readonly temperatures?: readonly number[];
  /** Counts a second of each detector, at most `limits.bridgeReadingsMax`. */
  readonly detectorCounts?: readonly number[];
};

export type ModuleAlarm = {
  readonly code: string;
  readonly text: string;
  readonly active: boolean;
  /** Key of this time may not be secret: the newest blocks stay out of use until they are released. */
  readonly suspect?: boolean;
};

/** What an operator may have a module do. */
export type ModuleOrder = 'start' | 'stop' | 'zeroize' | 'self_test' | 'identify';
export type ModuleOrderResult = {
  readonly outcome: 'done' | 'failed' | 'not_supported';
  /** For people. */
  readonly text: string;
};

/**
 * Where a driver delivers. Guarantees that the driver gives:
 * - `onOpen` comes before any block of that opening; `onLost` ends it and is called once for each `onOpen`.
 * - A block may be delivered again until `stored` was called for it and the module has learned of it: the sink recognises
 *   its number and calls `stored` once more. A driver never tells a module that a block may be forgotten before `stored`.
 * - No callback throws across the driver: a driver stays alive whatever its module sends.
 */
export interface ModuleSink {
  onOpen(info: ModuleInfo): void;
  /** Call `stored` once the block is durably on disk (or was already), `refused` with the reason when it never will be. */
  onBlock(block: RawKeyBlock, answer: { stored(): void; refused(reason: string): void }): void;
  onTelemetry(telemetry: Telemetry): void;
  onAlarm(alarm: ModuleAlarm): void;
  /** The port went away or the module broke the protocol; the driver is already trying again, with back-off. */
  onLost(reason: string): void;
}

/** Where the module is: a path, or the first serial port whose USB identity fits (hexadecimal IDs in lower case). */
export type PortSelector =
  | { readonly path: string }
  | {
      readonly usb: {
        readonly vendor: string;
        readonly product: string;
        readonly serial?: string | undefined;
      };
    };

export type DriverContext = {
  readonly clock: Clock;
  readonly log: Log;
  readonly port: PortSelector;
  readonly baudRate: number;
  /** When given, a module that names another link is refused. */
  readonly expectedLinkId?: string | undefined;
  /**
   * What the module proves itself with; only for a driver that `authenticates`. Without it any module is believed, which the
   * configuration has said by name.
   */
  readonly channel?: ModuleChannelOptions | undefined;
};

export type ModuleChannelOptions = {
  /** The key provisioned in the module, 32 bytes; lent for the call of `open`. */
  readonly moduleKey: SecretBytes;
  readonly entropy: Entropy;
};

export interface OpenModule {
  /** Stops for good: closes the port, cancels back-off. No callback comes after it resolves. */
  close(): Promise<void>;
  /** Has the module do something. Never rejects; one order at a time, another meanwhile fails at once. */
  order?(order: ModuleOrder): Promise<ModuleOrderResult>;
}

export interface Driver {
  readonly id: string;
  readonly summary: string;
  /** Whether its modules prove themselves with a module key. */
  readonly authenticates?: boolean;
  /** Starts at once and keeps trying until closed. Never throws for a port that is not there. */
  open(context: DriverContext, sink: ModuleSink): OpenModule;
}
