import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OnKxConnection } from '../../src/env/kx-transport.ts';
import { setMessageId } from '../../src/kx/codec/header.ts';
import { writeHello } from '../../src/kx/codec/private-messages.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';

import { Line, message } from './peer-line.ts';

test('too many messages that are not authentic end the connection, and the count begins anew with the next', async (t) => {
  const line = new Line();
  const { a, b } = await line.pair(t);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < limits.badMessagesMax; i++) b.peer.notAuthentic();
    assert.equal(b.peer.up, true);
    b.peer.notAuthentic();
    assert.equal(b.peer.up, false);
    assert.match(b.peer.lastDown ?? '', /not authentic/);
    await until('the other end notices', () => !a.peer.up);
    line.clock.advance(limits.dialBackOffMsMin);
    await until('it is up again', () => a.peer.up && b.peer.up);
  }
});

test('malformed messages count with those that are not authentic', async (t) => {
  const { b } = await new Line().pair(t);
  for (let i = 0; i < limits.badMessagesMax; i++) i % 2 === 0 ? b.peer.malformed() : b.peer.notAuthentic();
  assert.equal(b.peer.up, true);
  b.peer.malformed();
  assert.match(b.peer.lastDown ?? '', /malformed/);
});

test('a peer that connects again and again is taken so often, then only now and then', async (t) => {
  const line = new Line();
  const b = line.side('B', 'A', false);
  line.stopAfter(t, b);
  const dial = line.net.transport('A').dial;
  const tries = async (count: number) => {
    const before = b.peer.connects;
    for (let i = 0; i < count; i++) {
      const hello = writeHello({ kmaId: 'A', unitBits: 256, storeId: 'store of A' });
      setMessageId(hello, 1);
      let closed = false;
      const events = {
        onData: () => {},
        onClosed: () => {
          closed = true;
        },
      };
      const ups = b.peer.connects;
      const onConnection: OnKxConnection = (_, link) => {
        setImmediate(() => link.write(hello));
        return events;
      };
      dial('B', 1, 'keyferry/1', onConnection, assert.fail);
      await until('it is taken or refused', () => closed || b.peer.connects > ups);
    }
    return b.peer.connects - before;
  };
  assert.equal(await tries(limits.peerConnectsBurst + 10), limits.peerConnectsBurst);
  assert.equal(b.peer.up, true, 'what stands is not touched by what is refused');
  line.clock.advance(3_000 / limits.peerConnectsPerSecond);
  assert.equal(await tries(10), 3);
});

test('a plain peer that ends every connection is dialled after longer and longer, until it says something', async (t) => {
  const line = new Line();
  line.net.protocol = undefined;
  const plain = { unprotectedKey: false, memberNames: 'source_KMA_ID' } as const;
  const a = line.side('A', 'B', true, 'A', plain);
  line.stopAfter(t, a);
  let talks = false;
  line.net.transport('B').listen('B', 1, (_, link) => {
    const frame = message();
    setMessageId(frame, 1);
    setImmediate(() => {
      if (talks) link.write(frame);
      setImmediate(() => setImmediate(() => link.close('no')));
    });
    return { onData: () => {}, onClosed: () => {} };
  });
  a.peer.start();
  const dialsIn = async (ms: number) => {
    const before = line.net.dials.length;
    for (let at = 0; at < ms; at += 50) {
      line.clock.advance(50);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    return line.net.dials.length - before;
  };
  await dialsIn(10_000);
  assert.ok((await dialsIn(20_000)) <= 3);
  talks = true;
  assert.ok((await dialsIn(limits.dialBackOffMsMax + 2_000)) >= 10);
});
