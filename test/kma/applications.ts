import type { NoticeSource } from '../../src/kma/notice-source.ts';
import { AnnouncingSupply } from '../../src/ksa/announcing-supply.ts';
import type { ApplicationPair, SuppliedKey } from '../../src/ksa/key-supply.ts';
import { ProactiveSupply } from '../../src/ksa/proactive-supply.ts';
import { type KeyStream, PushStreams } from '../../src/ksa/push-streams.ts';
import { type Session, Sessions } from '../../src/ksa/sessions.ts';
import { Supply } from '../../src/ksa/supply.ts';
import type { TestNode } from './node.ts';

export type ApplicationSettings = {
  /** KMA by SAE ID. */
  readonly homes: Readonly<Record<string, string>>;
  readonly pushed?: readonly string[];
  readonly plain?: readonly string[];
  readonly sessions?: readonly Session[];
};

/** The supply of a node, with key supply notification around it, as src/agent builds it. */
export class Applications {
  readonly supply: Supply;
  readonly announcing: AnnouncingSupply;
  readonly proactive: ProactiveSupply;
  readonly streams: PushStreams;
  readonly source: NoticeSource;

  constructor(node: TestNode, { homes, pushed = [], plain = [], sessions = [] }: ApplicationSettings) {
    const { id: self, store, allocator, clock, log } = node;
    const applications = new Map(Object.entries(homes));
    const sizes = { defaultKeyBits: 256, maxKeyBits: 4096, maxKeysPerRequest: 100 };
    this.supply = new Supply(
      { self, applications, ...sizes, linked: new Set(), peers: new Set(), plain: new Map() },
      store,
      allocator,
    );
    this.streams = new PushStreams(clock);
    const known = new Sessions(sessions);
    this.source = node.notification.source;
    const settings = { pushed: new Set(pushed), plain: new Set(plain), sessions: known };
    this.announcing = new AnnouncingSupply(settings, this.supply, this.source, clock, log);
    this.proactive = new ProactiveSupply(
      { self, applications, sessions: known },
      this.supply,
      this.streams,
      log,
    );
    node.notices.supplyKeys = (from, notice) => this.proactive.supply(from, notice);
  }

  /** An application connects. */
  stream(pair: ApplicationPair): HeldStream {
    const stream = new HeldStream();
    this.streams.add(pair, stream);
    return stream;
  }
}

/** A stream whose application keeps what it gets, in hexadecimal: the test's copy. */
export class HeldStream implements KeyStream {
  open = true;
  /** Whether the socket takes what is written. */
  takes = true;
  before: () => Promise<void> = async () => {};
  readonly keys = new Map<string, string>();

  async write(keys: readonly SuppliedKey[]): Promise<boolean> {
    await this.before();
    for (const { keyId, bytes } of keys) {
      if (this.takes) this.keys.set(keyId, bytes.view().toString('hex'));
      bytes.wipe();
    }
    return this.takes;
  }

  end(): void {
    this.open = false;
  }
}

/** Keys by ID, in hexadecimal. They are wiped. */
export function held(keys: readonly SuppliedKey[]): Map<string, string> {
  return new Map(
    keys.map(({ keyId, bytes }) => {
      const text = bytes.view().toString('hex');
      bytes.wipe();
      return [keyId, text];
    }),
  );
}
