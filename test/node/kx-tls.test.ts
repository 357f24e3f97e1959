import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { command, writeHeader } from '../../src/kx/codec/header.ts';
import { Connection } from '../../src/kx/peer/connection.ts';
import { limits } from '../../src/limits.ts';
import { createKxTransport } from '../../src/node/kx-tls.ts';
import { ManualClock, until } from '../manual-clock.ts';
import { clientOptions, Material, openTo, Taker } from './kx-material.ts';

test('the post-quantum hybrid group is agreed on where both ends have it, and the ID is that of the certificate', async (t) => {
  const material = await Material.make(t);
  const seen: string[] = [];
  const transport = createKxTransport(await material.files('B'), openTo());
  const server = await transport.listen('127.0.0.1', 0, (identity) => {
    seen.push(`${identity.kmaId} ${identity.protocol} ${identity.cipher.split(' ')[0]}`);
    return { refuse: 'seen enough' };
  });
  t.after(() => server.close());
  const socket = connect(clientOptions(await material.files('A'), server.port));
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  const group = socket.getEphemeralKeyInfo() as { readonly name?: string } | null;
  assert.equal(group?.name, 'X25519MLKEM768');
  socket.resume();
  await once(socket, 'close');
  assert.deepEqual(seen, ['A keyferry/1 TLSv1.3']);
});

test('nodes with ML-DSA certificates connect both ways, by the hybrid group', async (t) => {
  const material = await Material.make(t, { algorithm: 'ml-dsa-65' });
  const [far, near] = [new Taker(), new Taker()];
  const b = createKxTransport(await material.files('B'), openTo());
  const listener = await b.listen('127.0.0.1', 0, far.take);
  t.after(() => listener.close());
  const a = createKxTransport(await material.files('A'), openTo());
  a.dial('127.0.0.1', listener.port, 'keyferry/1', near.take, assert.fail);
  await until('both have the connection', () => far.taken.length === 1 && near.taken.length === 1);
  assert.deepEqual([far.taken[0]?.identity.kmaId, near.taken[0]?.identity.kmaId], ['A', 'B']);
  near.taken[0]?.link.write(Buffer.alloc(100_000));
  await until('all bytes arrive', () => far.taken[0]?.bytes === 100_000);
  const probe = connect(clientOptions(await material.files('C'), listener.port));
  t.after(() => probe.destroy());
  await once(probe, 'secureConnect');
  assert.equal((probe.getEphemeralKeyInfo() as { name?: string }).name, 'X25519MLKEM768');
  assert.match(probe.getPeerX509Certificate()!.publicKey.asymmetricKeyType ?? '', /ml-dsa-65/);
  near.taken[0]?.link.close('done');
  await until('it is closed', () => far.taken[0]?.closed !== undefined);
});

test('while a link is paused nothing is read, and the other end has to wait', async (t) => {
  const material = await Material.make(t);
  const [far, near] = [new Taker(), new Taker()];
  const b = createKxTransport(await material.files('B'), openTo());
  const listener = await b.listen('127.0.0.1', 0, far.take);
  t.after(() => listener.close());
  const a = createKxTransport(await material.files('A'), openTo());
  a.dial('127.0.0.1', listener.port, 'keyferry/1', near.take, assert.fail);
  await until('both have the connection', () => far.taken.length === 1 && near.taken.length === 1);
  const [to, from] = [far.taken[0]!, near.taken[0]!];
  to.link.pause();
  const bytes = 64 << 20;
  for (let sent = 0; sent < bytes; sent += 1 << 20) from.link.write(Buffer.alloc(1 << 20));
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(to.bytes, 0);
  assert.ok(from.link.queuedBytes > bytes / 2, `${from.link.queuedBytes} bytes wait with the sender`);
  to.link.resume();
  await until('all bytes arrive', () => to.bytes === bytes, 20_000);
  from.link.close('done');
});

test('a peer that does not read is closed before much waits for it, and what waited is wiped', async (t) => {
  const material = await Material.make(t);
  const far = new Taker();
  const b = createKxTransport(await material.files('B'), openTo());
  const listener = await b.listen('127.0.0.1', 0, far.take);
  t.after(() => listener.close());
  // Never told to read.
  const peer = connect(clientOptions(await material.files('A'), listener.port));
  peer.on('error', () => {});
  t.after(() => peer.destroy());
  await until('it is here', () => far.taken.length === 1);
  const self = { kmaId: 'B', unitBits: 256, storeId: 'store' };
  let down: string | undefined;
  const events = {
    onUp: () => {},
    onMessage: () => {},
    onDown: (reason: string) => {
      down = reason;
    },
  };
  const { link } = far.taken[0]!;
  const connection = new Connection(new ManualClock(), link, self, 'A', events);
  connection.start();
  const frames: Buffer[] = [];
  let most = 0;
  while (down === undefined && frames.length < 2_000) {
    const frame = Buffer.alloc(65_000, 7);
    writeHeader(frame, 0, command.keyRelay, frame.length - 10);
    frames.push(frame);
    connection.send(frame);
    most = Math.max(most, link.queuedBytes);
    if (frames.length % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.match(down ?? '', /does not read/);
  assert.ok(most < 2 * limits.peerQueueBytesMax + 2 * 65_000, `${most} bytes`);
  await until('all are wiped', () => frames.every((frame) => frame.every((byte) => byte === 0)));
});

test('no session is resumed: each connection has to show its certificate', async (t) => {
  const material = await Material.make(t);
  const far = new Taker();
  const b = createKxTransport(await material.files('B'), openTo());
  const listener = await b.listen('127.0.0.1', 0, far.take);
  t.after(() => listener.close());
  const options = clientOptions(await material.files('A'), listener.port);
  const first = connect(options);
  t.after(() => first.destroy());
  first.resume();
  const [session] = (await once(first, 'session')) as [Buffer];
  const { cert: _, key: __, ...bare } = options;
  const again = connect({ ...bare, session });
  t.after(() => again.destroy());
  again.resume();
  let reused: boolean | undefined;
  again.on('secureConnect', () => {
    reused = again.isSessionReused();
  });
  const reason = await new Promise<string>((resolve) => again.on('error', ({ message }) => resolve(message)));
  assert.match(reason, /certificate required/);
  assert.equal(reused, false);
  assert.equal(far.taken.length, 1, 'nor is it taken without a certificate');
});

test('a handshake with a peer that is dialled and says nothing has its time, and is given up', async (t) => {
  const accepted: Socket[] = [];
  const silent = createServer((socket) => {
    accepted.push(socket);
    socket.on('error', () => {}).resume();
  });
  t.after(() => {
    silent.close();
    for (const socket of accepted) socket.destroy();
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const material = await Material.make(t);
  const transport = createKxTransport(await material.files('A'), openTo());
  const [near, failed] = [new Taker(), [] as string[]];
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.after(transport.dial('127.0.0.1', port, 'keyferry/1', near.take, (why) => failed.push(why)));
  await once(silent, 'connection');
  t.mock.timers.tick(limits.kxHandshakeMs - 1);
  assert.deepEqual(failed, []);
  t.mock.timers.tick(1);
  assert.deepEqual([failed, near.taken.length], [['the TLS handshake took too long'], 0]);
  t.mock.timers.reset();
  await until('it is closed', () => accepted[0]?.closed);
});
