import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as tcp } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { Gate, kxGate } from '../../src/kx/peer/gate.ts';
import { limits } from '../../src/limits.ts';
import { createKxTransport } from '../../src/node/kx-tls.ts';
import { until } from '../manual-clock.ts';
import { authority, filesNamed } from './kx-chain.ts';
import { clientOptions, connectedUntilClosed, Material, openTo, Taker } from './kx-material.ts';

// Connections from 127.0.0.2 and on are, to the listener, those of other hosts.
async function listening(t: TestContext) {
  const material = await Material.make(t);
  const [surroundings, taker] = [openTo(), new Taker()];
  const admission = new Gate(kxGate, surroundings.clock);
  const transport = createKxTransport(await material.files('B'), { ...surroundings, admission });
  const listener = await transport.listen('127.0.0.1', 0, taker.take);
  t.after(() => listener.close());
  return { ...surroundings, taker, material, port: listener.port };
}

/** Opens a TCP connection and says nothing. */
function halfOpen(t: TestContext, port: number, localAddress: string) {
  const socket = tcp({ host: '127.0.0.1', port, localAddress });
  const one = { socket, closed: false };
  socket.on('error', () => {});
  socket.on('close', () => {
    one.closed = true;
  });
  socket.resume();
  t.after(() => socket.destroy());
  return one;
}

test('a host that opens connections and says nothing has a few of them, and others get in', async (t) => {
  const b = await listening(t);
  const all = Array.from({ length: 100 }, () => halfOpen(t, b.port, '127.0.0.66'));
  const open = () => all.filter(({ closed }) => !closed).length;
  await until('the others are cut', () => open() === limits.kxHandshakesPerHostMax);
  const peer = connect(clientOptions(await b.material.files('A'), b.port));
  t.after(() => peer.destroy());
  await once(peer, 'secureConnect');
  await until('a peer from another host is in', () => b.taker.taken.length === 1);
  assert.equal(open(), limits.kxHandshakesPerHostMax);
  b.clock.advance(limits.kxHandshakeMs);
  await until('they have had their time', () => open() === 0);
  assert.equal(b.taker.taken[0]?.closed, undefined, 'the peer stays');
  const lines = b.log.of('kx.connection.refused');
  assert.ok(lines.length > 0 && lines.length < 10, `${lines.length} lines are no flood`);
});

test('a handshake that dribbles is cut off as one that says nothing', async (t) => {
  const b = await listening(t);
  const { socket } = halfOpen(t, b.port, '127.0.0.66');
  await once(socket, 'connect');
  let closed = false;
  socket.on('close', () => {
    closed = true;
  });
  // The beginning of a handshake record that is to have 512 bytes.
  const record = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
  for (let at = 0; at < record.length; at++) {
    socket.write(record.subarray(at, at + 1));
    b.clock.advance(limits.kxHandshakeMs / record.length - 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(closed, false);
  }
  b.clock.advance(50);
  await until('it is cut off', () => closed);
});

test('one host cannot handshake as fast as it likes, and others can meanwhile', async (t) => {
  const b = await listening(t);
  const files = await b.material.files('A');
  const tries = async (localAddress: string, count: number) => {
    const before = b.taker.taken.length;
    for (let i = 0; i < count; i++) {
      // Client options of TLS take those of TCP as well.
      const options = { ...clientOptions(files, b.port), localAddress };
      const { socket } = connectedUntilClosed(options);
      const already = b.taker.taken.length;
      await until('it is in or cut off', () => socket.closed || b.taker.taken.length > already);
      socket.destroy();
    }
    return b.taker.taken.length - before;
  };
  assert.equal(await tries('127.0.0.66', limits.kxHandshakeBurst + 30), limits.kxHandshakeBurst);
  assert.equal(await tries('127.0.0.67', 5), 5);
  b.clock.advance(1_000);
  assert.equal(await tries('127.0.0.66', 2 * limits.kxHandshakesPerSecond), limits.kxHandshakesPerSecond);
});

test('a certificate with several names, or with none, names no KMA', async (t) => {
  const root = await authority('root', 0);
  const [surroundings, taker] = [openTo(), new Taker()];
  const transport = createKxTransport(await filesNamed(['B'], root), surroundings);
  const listener = await transport.listen('127.0.0.1', 0, taker.take);
  t.after(() => listener.close());
  for (const names of [['A'], ['A', 'C'], ['A', 'A'], []]) {
    const before = taker.taken.length;
    const { socket } = connectedUntilClosed(clientOptions(await filesNamed(names, root), listener.port));
    t.after(() => socket.destroy());
    await until('it is in or cut off', () => socket.closed || taker.taken.length > before);
  }
  assert.deepEqual(
    taker.taken.map(({ identity }) => identity.kmaId),
    ['A'],
  );
  const reasons = surroundings.log.of('kx.connection.refused').map(({ fields }) => fields['reason']);
  assert.deepEqual(new Set(reasons), new Set(['a certificate that names no KMA']));
});
