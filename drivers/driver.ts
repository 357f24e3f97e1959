import type { Clock } from '../src/env/clock.ts';
import type { Entropy } from '../src/env/entropy.ts';
import type { Log } from '../src/env/log.ts';
import type { SecretBytes } from '../src/secret/secret-bytes.ts';

/** What a module says of itself when it is opened. */
export type ModuleInfo = {
  readonly moduleId: string;
  /** Both ends of one QKD link give the same link ID. */
  readonly linkId: string;
  /** `unknown` where a module does not say. */
  readonly role: 'tx' | 'rx' | 'unknown';
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
 * Where a driver delivers. Guarantees that the driver gives, each with a claim in `drivers/contract` that proves it:
 * - `onOpen` comes before any block of that opening; `onLost` ends it and is called once for each `onOpen`.
 * - A block may be delivered again until `stored` was called for it and the module has learned of it: the sink recognises
 *   its number and calls `stored` once more. A driver never tells a module that a block may be forgotten before `stored`.
 * - Within one opening a block is delivered once. At most `manifest.limits.blocksUnderWayMax` wait for their answers.
 * - An answer may come late, twice, or after the opening has ended: then it changes nothing.
 * - A block that is refused is forgotten by the module too, and the next ones come.
 * - A driver stays alive whatever its module sends: what comes from outside never makes it throw.
 * - The module may go away and come back, also under another name of its device: the driver finds it again.
 *
 * The sink in turn does not throw, and answers each block once.
 */
export interface ModuleSink {
  onOpen(info: ModuleInfo): void;
  /** Call `stored` once the block is durably on disk (or was already), `refused` with the reason when it never will be. */
  onBlock(block: RawKeyBlock, answer: { stored(): void; refused(reason: string): void }): void;
  onTelemetry(telemetry: Telemetry): void;
  /** Each active alarm is told again after every `onOpen`, within half a minute: one that is not counts as ended. */
  onAlarm(alarm: ModuleAlarm): void;
  /** The port went away or the module broke the protocol; the driver is already trying again, with back-off. */
  onLost(reason: string): void;
}

/** Four hexadecimal digits in lower case each. */
export type UsbIdentity = {
  readonly vendor: string;
  readonly product: string;
  readonly serial?: string | undefined;
};

/** How the names of key files are read (docs/drivers.md, "key-file"). */
export type KeyFileFormat = 'numbered' | 'type-7';

/**
 * Where the module is: a device's path, the first device whose USB identity fits, a folder into which key files are
 * dropped, or a program (its absolute path, then its arguments).
 */
export type PortSelector =
  | { readonly path: string }
  | { readonly usb: UsbIdentity }
  | { readonly folder: { readonly path: string; readonly format: KeyFileFormat } }
  | { readonly program: readonly string[] };

/** What a driver can be opened on: `path` and `usb` name a serial or a HID device. */
export type PortKind = 'serial' | 'hid' | 'folder' | 'program';

/** Sees the bytes of a device session, before they are sent and as they came. Copies what it keeps: they are wiped. */
export type Tap = { sent(bytes: Uint8Array): void; received(bytes: Uint8Array): void };

/** What is known of a driver without opening it. */
export type DriverManifest = {
  /** Lower-case letters, digits and hyphens; the name of the driver's folder and its `driver` in the configuration. */
  readonly id: string;
  /** One line. */
  readonly summary: string;
  readonly ports: PortKind;
  /** Whether its modules prove themselves with a module key. */
  readonly authenticates?: boolean;
  /** The devices that it is made for. None: any device of its kind of port may be one. */
  readonly usb: readonly { readonly vendor: string; readonly product: string }[];
  readonly limits: {
    /** The longest block that it delivers, at most `limits.bridgeBlockBytesMax`. */
    readonly blockBytesMax: number;
    /** Blocks delivered and not answered yet. */
    readonly blocksUnderWayMax: number;
  };
};

export type DriverContext = {
  readonly clock: Clock;
  readonly log: Log;
  readonly port: PortSelector;
  /** Of a serial port. */
  readonly baudRate: number;
  /** When given, a module that names another link is refused. */
  readonly expectedLinkId?: string | undefined;
  /** Sees the session; for recording one in a laboratory, never in an agent. */
  readonly tap?: Tap | undefined;
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
  /** Stops for good: closes the port, cancels back-off. Resolves within seconds, whatever the module does; no callback comes after that. */
  close(): Promise<void>;
  /** Has the module do something. Never rejects; one order at a time, another meanwhile fails at once, but a zeroization cuts it short. */
  order?(order: ModuleOrder): Promise<ModuleOrderResult>;
}

export interface Driver extends DriverManifest {
  /** Starts at once and keeps trying until closed. Never throws for a port that is not there. */
  open(context: DriverContext, sink: ModuleSink): OpenModule;
}
