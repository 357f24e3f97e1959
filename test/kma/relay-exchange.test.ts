import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HopGuard } from '../../src/kma/hop-guard.ts';
import { RelayExchange } from '../../src/kma/relay-exchange.ts';
import type { Peer } from '../../src/kx/peer/peer.ts';
import { limits } from '../../src/limits.ts';
import { ManualClock } from '../manual-clock.ts';

type Meanwhile = (turn: { answer(): void; change(): void }) => void;

/** A request of three parts; `meanwhile` happens while the first of them is sent. */
async function sendThree(meanwhile: Meanwhile) {
  const clock = new ManualClock();
  const peer = { kmaId: 'B', up: true, plain: undefined } as unknown as Peer;
  let [sent, stands] = [0, true];
  const answer = () => void exchange.onCompletion(peer, 'r', 'success');
  const change = () => {
    stands = false;
  };
  const guard = {
    async send(_peer: Peer, _command: number, draft: Disposable) {
      draft[Symbol.dispose]();
      sent += 1;
      if (sent === 1) meanwhile({ answer, change });
      return 'sent';
    },
  } as unknown as HopGuard;
  const exchange = new RelayExchange('A', guard, clock);
  const keys = Buffer.alloc(limits.unitBytes, 1);
  const running = exchange.run({
    destination: 'C',
    transit: ['B'],
    next: peer,
    requestId: 'r',
    epoch: 0,
    plain: false,
    parts: [0, 1, 2].map((number) => ({ number, firstId: Buffer.alloc(16), keys, all: keys })),
    deadlineMs: clock.monotonicMs() + 1_000,
    floor: () => 0,
    stands: () => stands,
  });
  // What would be sent all the same.
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1_000);
  return { response: await running, sent };
}

test('of a request that is answered no more parts are sent: their keys are wiped', async () => {
  assert.deepEqual(await sendThree(({ answer }) => answer()), { response: 'success', sent: 1 });
});

test('of a request whose destination has become another kind of KM no more parts are sent', async () => {
  assert.deepEqual(await sendThree(({ change }) => change()), { response: 'peer_unreachable', sent: 1 });
});
