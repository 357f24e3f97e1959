import type { TestContext } from 'node:test';
import { command } from '../../src/kx/codec/header.ts';
import { writeEmpty } from '../../src/kx/codec/private-messages.ts';
import { Peer, type PeerAddress, type PlainPeer } from '../../src/kx/peer/peer.ts';
import type { Message } from '../../src/kx/session/session.ts';
import { ManualClock, until } from '../manual-clock.ts';
import { Lines } from '../store/temp-store.ts';
import { MemoryNet } from './memory-net.ts';

export type Side = { readonly peer: Peer; readonly messages: Message[]; readonly log: Lines; ups: number };

/** Peers over lines in memory, and the clock that all have. */
export class Line {
  readonly clock = new ManualClock();
  readonly net = new MemoryNet();

  /** What `self` knows of `kmaId`; it also listens, at its own name. */
  side(self: string, kmaId: string, dials = true, presents = self, plain?: PlainPeer): Side {
    const log = new Lines();
    const address: PeerAddress | undefined = dials ? { host: kmaId, port: 1 } : undefined;
    const transport = this.net.transport(presents);
    const side: { -readonly [K in keyof Side]: Side[K] } = {
      peer: undefined as unknown as Peer,
      messages: [],
      log,
      ups: 0,
    };
    const events = {
      onUp: () => {
        side.ups += 1;
      },
      onMessage: (_: Peer, message: Message) => void side.messages.push(message.keep()),
    };
    const hello = { kmaId: self, unitBits: 256, storeId: `store of ${self}` };
    side.peer = new Peer({ kmaId, self: hello, address, plain, transport, clock: this.clock, log, events });
    transport.listen(self, 1, (identity, link) => side.peer.adopt(identity, link, false));
    return side;
  }

  /** A and B, of which A dials. */
  async pair(t: TestContext, bothDial = false) {
    const a = this.side('A', 'B');
    const b = this.side('B', 'A', bothDial);
    this.stopAfter(t, a, b);
    a.peer.start();
    b.peer.start();
    await until('both are up', () => a.peer.up && b.peer.up);
    return { a, b };
  }

  stopAfter(t: TestContext, ...all: Side[]): void {
    t.after(() => {
      for (const { peer } of all) peer.stop();
    });
  }
}

export const message = () => writeEmpty(command.keyRelay);
/** Some turns of the event loop. */
export async function aWhile(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
