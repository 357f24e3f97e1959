import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryTimes } from '../../src/ksa/gs-qkd-014/server.ts';
import { limits } from '../../src/limits.ts';
import { ask, type Delivery, dial, keepBuffers, received, startDelivery, until } from './delivery.ts';
import { keyIdOf } from './recording-supply.ts';

const ENC = '/api/v1/keys/app-c/enc_keys';
const GET = `GET ${ENC} HTTP/1.1\r\nHost: x\r\n\r\n`;
const POST = `POST ${ENC} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;

/** Of an answer with one key. */
const CONTAINER_BYTES = `{"keys":[{"key_ID":"${keyIdOf(0)}","key":"${'A'.repeat(60)}"}]}`.length;

let delivery: Delivery;
beforeEach(async () => {
  delivery = await startDelivery();
});
afterEach(() => delivery.server.close());

/** For what is about a time: the server anew, with a short one. All others have the usual ones, however slow the machine is. */
async function within(times: Partial<DeliveryTimes>): Promise<void> {
  await delivery.server.close();
  delivery = await startDelivery(times);
}

/** A supply that waits until it is let go. */
function gate(): { reached(): Promise<void>; open(): void } {
  let open: (() => void) | undefined;
  delivery.supply.before = () =>
    new Promise<void>((go) => {
      open = go;
    });
  return { reached: () => until(() => open !== undefined, 'the supply to be asked'), open: () => open?.() };
}

test('a body larger than the limit gets 413, whether announced or not, and takes no key', async () => {
  const length = limits.supplyBodyBytesMax + 1;
  const announced = await dial(delivery, delivery.appA);
  announced.write(`${POST}Content-Length: ${length}\r\n\r\n`);
  assert.match(await received(announced), /^HTTP\/1\.1 413 .*\r\n[\s\S]*Connection: close/);
  const chunked = await dial(delivery, delivery.appA);
  chunked.write(`${POST}Transfer-Encoding: chunked\r\n\r\n${length.toString(16)}\r\n${' '.repeat(length)}`);
  assert.match(await received(chunked), /^HTTP\/1\.1 413 /);
  assert.deepEqual(delivery.supply.calls, []);
});

test('a body of exactly the limit is read', async () => {
  const body = '{}'.padEnd(limits.supplyBodyBytesMax);
  const headers = { 'content-type': 'application/json' };
  assert.equal((await ask(delivery, delivery.appA, ENC, { body, headers })).status, 200);
});

test('header fields larger than the limit are refused', async () => {
  const socket = await dial(delivery, delivery.appA);
  socket.write(`GET ${ENC} HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(limits.supplyHeaderBytesMax)}\r\n\r\n`);
  assert.match(await received(socket), /^HTTP\/1\.1 431 /);
});

test('a body that trickles in is cut off after the request time, and takes no key', async () => {
  await within({ headerMs: 600, requestMs: 600 });
  const socket = await dial(delivery, delivery.appA);
  const all = received(socket);
  socket.write(`${POST}Content-Length: 1000\r\n\r\n{`);
  const drip = setInterval(() => socket.write(' '), 50);
  try {
    assert.match(await all, /^HTTP\/1\.1 408 /);
  } finally {
    clearInterval(drip);
  }
  assert.deepEqual(delivery.supply.calls, []);
  await until(() => delivery.server.connections() === 0, 'the connection to be gone');
});

test('header fields that trickle in are cut off after the header time', async () => {
  await within({ headerMs: 300 });
  const socket = await dial(delivery, delivery.appA);
  const all = received(socket);
  socket.write(`GET ${ENC} HTTP/1.1\r\n`);
  const drip = setInterval(() => socket.write('X: y\r\n'), 50);
  try {
    assert.match(await all, /^HTTP\/1\.1 408 /);
  } finally {
    clearInterval(drip);
  }
});

test('a connection that never asks, and one that asks no more, are ended', async () => {
  await within({ headerMs: 1_500, idleMs: 300 });
  const mute = await dial(delivery, delivery.appA);
  const muteEnd = received(mute);
  const once200 = await dial(delivery, delivery.appA);
  const onceEnd = received(once200);
  once200.write(GET);
  await muteEnd;
  assert.match(await onceEnd, /^HTTP\/1\.1 200 /);
});

test('a TCP connection that never shakes hands is ended', async () => {
  await within({ handshakeMs: 400 });
  const socket = connect(delivery.server.port, '127.0.0.1');
  socket.resume();
  socket.on('error', () => {});
  await once(socket, 'close');
});

test('an application that leaves before its key is there loses it: wiped, burnt, never given again', async (t) => {
  const wiped = keepBuffers(t);
  const { reached, open } = gate();
  const socket = await dial(delivery, delivery.appA);
  socket.write(GET);
  await reached();
  socket.destroy();
  await until(() => delivery.server.connections() === 0, 'the server to see it leave');
  open();
  await until(() => delivery.supply.given.length === 1 && delivery.supply.allWiped, 'the key to be wiped');
  await until(
    () => delivery.log.lines.some((line) => line.includes('supply.answer_lost')),
    'the loss to be logged',
  );
  assert.ok(wiped(CONTAINER_BYTES));
  delivery.supply.before = async () => {};
  const next = await ask(delivery, delivery.appA, ENC);
  assert.equal(next.body.length, CONTAINER_BYTES);
  const { keys } = next.json as { keys: { key_ID: string }[] };
  assert.equal(keys[0]?.key_ID, keyIdOf(1));
});

test('an application that leaves in the middle of its body is asked nothing for', async () => {
  const socket = await dial(delivery, delivery.appA);
  socket.write(`${POST}Content-Length: 10\r\n\r\n{`);
  await sleep(50);
  socket.destroy();
  await until(() => delivery.server.connections() === 0, 'the connection to be gone');
  assert.deepEqual(delivery.supply.calls, []);
});

test('requests piled up unread end the connection before they take unbounded key', async () => {
  const { reached, open } = gate();
  const socket = await dial(delivery, delivery.appA);
  const all = received(socket);
  socket.write(GET.repeat(limits.supplyPipelineMax + 50));
  await reached();
  assert.equal(await all, '');
  assert.ok(delivery.supply.calls.length <= limits.supplyPipelineMax);
  open();
});

test('requests sent ahead within the limit are answered in order', async () => {
  const socket = await dial(delivery, delivery.appA);
  const all = received(socket);
  const count = limits.supplyPipelineMax;
  for (let i = 1; i <= count; i++) {
    socket.write(
      `GET ${ENC}?size=${i * 8 + 64} HTTP/1.1\r\nHost: x\r\n${i === count ? 'Connection: close\r\n' : ''}\r\n`,
    );
  }
  const keys = [...(await all).matchAll(/"key":"([^"]*)"/g)].map(
    (match) => Buffer.from(match[1]!, 'base64').length,
  );
  assert.deepEqual(
    keys,
    Array.from({ length: count }, (_, i) => i + 9),
  );
  await until(() => delivery.supply.allWiped, 'all keys to be wiped');
});

test('rubbish instead of HTTP is refused and nothing else suffers', async () => {
  const socket = await dial(delivery, delivery.appA);
  socket.write('\x16\x03\x01 rubbish \r\n\r\n');
  assert.match(await received(socket), /^HTTP\/1\.1 400 /);
  assert.equal((await ask(delivery, delivery.appA, ENC)).status, 200);
});

test('close lets the answer under way finish, ends idle connections, and takes no new ones', async () => {
  const { reached, open } = gate();
  const idle = await dial(delivery, delivery.appC);
  const idleEnd = received(idle);
  const busy = await dial(delivery, delivery.appA);
  const all = received(busy);
  busy.write(GET);
  await reached();
  const closed = delivery.server.close();
  await idleEnd;
  await assert.rejects(ask(delivery, delivery.appA, ENC));
  open();
  assert.match(await all, /^HTTP\/1\.1 200 [\s\S]*Connection: close[\s\S]*"key_ID"/);
  await closed;
});

test('close cuts what does not end by itself', async () => {
  await within({ closeMs: 400 });
  const { reached, open } = gate();
  const busy = await dial(delivery, delivery.appA);
  const all = received(busy);
  busy.write(GET);
  await reached();
  await delivery.server.close();
  assert.equal(await all, '');
  open();
  await until(() => delivery.supply.given.length === 1 && delivery.supply.allWiped, 'the key to be wiped');
});

test('reload while an answer is under way lets it finish and then ends the connection', async () => {
  const { reached, open } = gate();
  const busy = await dial(delivery, delivery.appA);
  const all = received(busy);
  busy.write(GET);
  await reached();
  delivery.server.reload({ ...delivery.node, clientCa: delivery.applications.certificate });
  open();
  assert.match(await all, /^HTTP\/1\.1 200 [\s\S]*Connection: close/);
});

test('reload lets all pipelined requests under way finish; what comes after it is not answered and costs no key', async () => {
  const held: (() => void)[] = [];
  delivery.supply.before = () => new Promise((go) => void held.push(go));
  const busy = await dial(delivery, delivery.appA);
  const all = received(busy);
  busy.write(GET.repeat(3));
  await until(() => held.length === 3, 'all three to be under way');
  delivery.server.reload({ ...delivery.node, clientCa: delivery.applications.certificate });
  busy.write(GET);
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const go of held) go();
  assert.equal((await all).split('HTTP/1.1 200').length, 4);
  assert.equal(delivery.supply.calls.length, 3);
  await until(() => delivery.supply.allWiped, 'the keys to be wiped');
});

test('strangers who never finish a handshake hold no more than their share; whoever else comes is served, and the log says so', async () => {
  const own = await startDelivery();
  const sockets: Socket[] = [];
  const knock = async (localAddress: string) => {
    const socket = connect({ host: '127.0.0.1', port: own.server.port, localAddress });
    socket.on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
  };
  const open = () => sockets.filter((socket) => !socket.closed).length;
  try {
    const { supplyHandshakesPerHostMax: perHost, supplyHandshakesMax: all } = limits;
    for (let i = 0; i < perHost + 20; i++) await knock('127.0.0.1');
    await until(() => open() === perHost, 'what is too much to be cut');
    assert.match(own.log.lines.join('\n'), /warn supply\.handshake_refused .*too many handshakes/);
    // One that was served before is no stranger, whatever the others do.
    assert.equal((await ask(own, own.appA, ENC, { localAddress: '127.0.0.9' })).status, 200);
    for (let host = 2; open() < all; host++)
      for (let i = 0; i < perHost; i++) await knock(`127.0.0.${host + 10}`);
    await assert.rejects(ask(own, own.appA, ENC, { localAddress: '127.0.0.8' }));
    assert.equal((await ask(own, own.appA, ENC, { localAddress: '127.0.0.9' })).status, 200);
  } finally {
    for (const socket of sockets) socket.destroy();
    await own.server.close();
  }
});
