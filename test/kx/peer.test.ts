import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KxIdentity } from '../../src/env/kx-transport.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';

import { aWhile, Line, message } from './peer-line.ts';

test('a peer that is dialled is up at both ends, and messages arrive in order', async (t) => {
  const { a, b } = await new Line().pair(t);
  for (let i = 0; i < 50; i++) assert.equal(a.peer.send(message()), true);
  await until('all arrive', () => b.messages.length === 50);
  assert.deepEqual(
    b.messages.map(({ header }) => header.messageId),
    Array.from({ length: 50 }, (_, i) => i + 2),
  );
  assert.equal(a.peer.identity?.kmaId, 'B');
});

test('a peer that does not answer is dialled again, after longer and longer, up to a bound', async (t) => {
  const line = new Line();
  const a = line.side('A', 'B');
  line.stopAfter(t, a);
  a.peer.start();
  const pauses: number[] = [];
  for (let dials = 1; dials <= 10; dials++) {
    await aWhile();
    assert.equal(line.net.dials.length, dials);
    const startedMs = line.clock.monotonicMs();
    const endMs = startedMs + 2 * limits.dialBackOffMsMax;
    while (line.net.dials.length === dials && line.clock.monotonicMs() < endMs)
      line.clock.advance(limits.dialBackOffMsMin / 2);
    pauses.push(line.clock.monotonicMs() - startedMs);
  }
  const expected = pauses.map((_, i) => Math.min(limits.dialBackOffMsMin * 2 ** i, limits.dialBackOffMsMax));
  assert.deepEqual(pauses, expected);
  assert.equal(a.log.of('kx.peer.unreachable').length, 1, 'the same reason is logged once');
});

test('after a connection the pauses begin anew', async (t) => {
  const line = new Line();
  const a = line.side('A', 'B');
  a.peer.start();
  for (let i = 0; i < 6; i++) {
    await aWhile();
    line.clock.advance(limits.dialBackOffMsMax);
  }
  const b = line.side('B', 'A', false);
  line.stopAfter(t, a, b);
  await aWhile();
  line.clock.advance(limits.dialBackOffMsMax);
  await until('it is up', () => a.peer.up && b.peer.up);
  line.net.cut();
  await until('it is down', () => !a.peer.up && !b.peer.up);
  line.clock.advance(limits.dialBackOffMsMin);
  await until('it is up again', () => a.peer.up && b.peer.up);
  assert.equal(a.peer.connects, 2);
});

test('where both ends dial, one connection stays, the one that the lower ID dialled', async (t) => {
  const line = new Line();
  const { a, b } = await line.pair(t, true);
  await aWhile();
  line.clock.advance(limits.dialBackOffMsMax);
  await aWhile();
  await until('both are up', () => a.peer.up && b.peer.up);
  a.peer.send(message());
  b.peer.send(message());
  await until('messages go both ways', () => a.messages.length === 1 && b.messages.length === 1);
  const { dials } = line.net;
  for (let i = 0; i < 20; i++) {
    line.clock.advance(limits.kxPingMs);
    await aWhile();
  }
  assert.deepEqual(line.net.dials, dials);
  assert.ok(a.peer.up && b.peer.up);
});

test('a connection that the higher ID dialled gives way to one that the lower dialled, not the other way round', () => {
  const line = new Line();
  const identity = (kmaId: string): KxIdentity => ({
    kmaId,
    protocol: 'keyferry/1',
    cipher: '',
    remoteAddress: '',
  });
  const link = () => ({
    closed: '',
    queuedBytes: 0,
    write() {},
    pause() {},
    resume() {},
    close(reason: string) {
      this.closed = reason;
    },
  });
  for (const [self, other] of [
    ['A', 'B'],
    ['B', 'A'],
  ] as const) {
    const { peer } = line.side(self, other, false);
    const lowerDialled = self === 'A';
    const [byHigher, byLower, late] = [link(), link(), link()];
    assert.ok(!('refuse' in peer.adopt(identity(other), byHigher, !lowerDialled)));
    assert.ok(!('refuse' in peer.adopt(identity(other), byLower, lowerDialled)));
    assert.match(byHigher.closed, /replaced/);
    assert.ok('refuse' in peer.adopt(identity(other), late, !lowerDialled));
    assert.equal(byLower.closed, '');
    peer.stop();
  }
});

test('a connection that comes while we dial leaves no second dial behind', async (t) => {
  const line = new Line();
  const b = line.side('B', 'A');
  b.peer.start();
  await aWhile();
  const a = line.side('A', 'B');
  line.stopAfter(t, a, b);
  // Both dial in the same turn: whoever is second finds itself connected while its own dial is on the way.
  line.clock.advance(limits.dialBackOffMsMin);
  a.peer.start();
  await until('both are up', () => a.peer.up && b.peer.up);
  for (let i = 0; i < 10; i++) {
    line.clock.advance(limits.kxTickMs);
    await aWhile();
  }
  assert.ok(a.peer.up && b.peer.up);
  const before = line.net.dials.length;
  line.net.cut();
  await until('both are down', () => !a.peer.up && !b.peer.up);
  await aWhile();
  for (let ms = 0; ms < 2 * limits.dialBackOffMsMin; ms += 10) {
    line.clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until('both are up again', () => a.peer.up && b.peer.up);
  assert.ok(line.net.dials.length - before <= 2, `${line.net.dials.slice(before)}`);
});

for (const dials of [true, false])
  test(`a certificate of another KMA is refused when ${dials ? 'we dial' : 'it dials'}`, async (t) => {
    const line = new Line();
    const a = line.side('A', 'B', dials);
    const b = line.side('B', 'A', !dials, 'C');
    line.stopAfter(t, a, b);
    a.peer.start();
    b.peer.start();
    await until('the connection is refused', () => b.peer.lastDown !== undefined);
    await aWhile();
    assert.deepEqual([a.ups, b.ups], [0, 0]);
    if (dials) assert.equal(a.peer.lastDown, 'the certificate says C, not B');
  });

test('a peer that greets as another than its certificate says is cut off', async (t) => {
  const line = new Line();
  const a = line.side('A', 'B');
  const b = line.side('X', 'A', false, 'B');
  line.net.transport('B').listen('B', 1, (identity, link) => b.peer.adopt(identity, link, false));
  line.stopAfter(t, a, b);
  a.peer.start();
  await until('it is refused', () => a.peer.lastDown !== undefined);
  assert.match(a.peer.lastDown!, /greeted as X/);
  assert.equal(a.ups, 0);
});

test('a plain Q.4163 peer is refused', async (t) => {
  const line = new Line();
  line.net.protocol = undefined;
  const [a, b] = [line.side('A', 'B'), line.side('B', 'A', false)];
  line.stopAfter(t, a, b);
  a.peer.start();
  await until('it is refused', () => a.peer.lastDown !== undefined);
  assert.equal(a.peer.up, false);
});

test('a peer that does not read is first said to be congested, then cut off', async (t) => {
  const line = new Line();
  const { a } = await line.pair(t);
  line.net.stalled.add('A>B');
  const big = () => Buffer.concat([message(), Buffer.alloc(1 << 20)]);
  let congestedAt = 0;
  let sent = 0;
  for (; a.peer.send(big()) && sent < 100; sent++)
    if (a.peer.congested && congestedAt === 0) congestedAt = sent;
  assert.ok(congestedAt > 0 && congestedAt < sent);
  assert.ok(sent << 20 <= 2 * limits.peerQueueBytesMax + (1 << 20));
  assert.equal(a.peer.up, false);
  assert.match(a.peer.lastDown ?? '', /does not read/);
});

test('an idle connection is kept alive; a peer that falls silent is cut off', async (t) => {
  const line = new Line();
  const { a, b } = await line.pair(t);
  for (let ms = 0; ms < 3 * limits.kxSilenceMs; ms += limits.kxTickMs) {
    line.clock.advance(limits.kxTickMs);
    await aWhile();
  }
  assert.deepEqual([a.peer.connects, b.peer.connects], [1, 1]);
  line.net.dropped = (name) => name === 'B>A';
  for (let ms = 0; ms <= limits.kxSilenceMs + limits.kxPingMs && a.peer.up; ms += limits.kxTickMs) {
    line.clock.advance(limits.kxTickMs);
    await aWhile();
  }
  assert.match(a.peer.lastDown ?? '', /fallen silent/);
});

test('a stopped peer closes, dials no more and takes no connection', async (t) => {
  const line = new Line();
  const { a, b } = await line.pair(t);
  a.peer.stop();
  await until('both are down', () => !a.peer.up && !b.peer.up);
  const { length } = line.net.dials;
  line.clock.advance(10 * limits.dialBackOffMsMax);
  b.peer.start();
  await aWhile();
  assert.equal(line.net.dials.length, length);
  assert.equal(a.peer.send(message()), false);
});
