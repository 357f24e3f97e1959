import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { SuppliedKey } from '../../src/ksa/key-supply.ts';
import { ProactiveSupply } from '../../src/ksa/proactive-supply.ts';
import type { KeyStream } from '../../src/ksa/push-streams.ts';
import { Sessions } from '../../src/ksa/sessions.ts';
import type { SupplyNotice } from '../../src/kx/codec/key-supply.ts';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { ask, assertRefused, type Delivery, dial, received, startDelivery, until } from './delivery.ts';
import { keyBytesOf, keyIdOf } from './recording-supply.ts';

const PATH = '/api/v1/keys/app-a/pushed_keys';
const GET = `GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`;
const CLOSE_MS = 400;
const PAIR = { masterSaeId: 'app-a', slaveSaeId: 'app-c' };

let delivery: Delivery;
beforeEach(async () => {
  delivery = await startDelivery({ headerMs: 1_000, requestMs: 2_000, heartbeatMs: 100, closeMs: CLOSE_MS });
});
afterEach(() => delivery.server.close());

/** What has come on a connection so far. */
class Reader {
  text = '';
  closed = false;
  readonly socket: TLSSocket;

  constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
    });
    socket.once('close', () => {
      this.closed = true;
    });
  }

  holds(text: string): Promise<void> {
    return until(() => this.text.includes(text), `${text} to come`);
  }
}

async function open(): Promise<{ reader: Reader; stream: KeyStream }> {
  const before = delivery.streams.of(PAIR)?.stream;
  const reader = new Reader(await dial(delivery, delivery.appC));
  reader.socket.write(GET);
  const isNew = () => ![undefined, before].includes(delivery.streams.of(PAIR)?.stream);
  await until(isNew, 'the stream to be open');
  return { reader, stream: delivery.streams.of(PAIR)!.stream };
}

function keys(count: number, bytes = 32): { keys: SuppliedKey[]; memory: Buffer[] } {
  const memory = Array.from({ length: count }, (_, i) => keyBytesOf(i, bytes));
  return { keys: memory.map((one, i) => ({ keyId: keyIdOf(i), bytes: SecretBytes.adopt(one) })), memory };
}

const isWiped = ({ memory }: { memory: Buffer[] }) => memory.every((one) => one.every((byte) => byte === 0));

test('a key is pushed as an event with a key container, once, and wiped here', async () => {
  const { reader, stream } = await open();
  await reader.holds(': keyferry\n\n');
  assert.match(reader.text, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(reader.text, /\r\nContent-Type: text\/event-stream\r\n/);
  assert.match(reader.text, /\r\nCache-Control: no-store\r\n/);
  const two = keys(2);
  assert.equal(await stream.write(two.keys), true);
  const container = two.keys.map(({ keyId }, i) => ({
    key_ID: keyId,
    key: keyBytesOf(i, 32).toString('base64'),
  }));
  const event = `event: keys\ndata: ${JSON.stringify({ keys: container })}\n\n`;
  await reader.holds(event);
  assert.equal(reader.text.split('event: keys').length, 2);
  assert.ok(isWiped(two) && two.keys.every(({ bytes }) => bytes.wiped));
  const other = keys(1, 1024);
  assert.equal(await stream.write(other.keys), true);
  await reader.holds(keyBytesOf(0, 1024).toString('base64'));
  assert.deepEqual(delivery.answered, [
    {
      ...delivery.answered[0],
      operation: 'pushed_keys',
      status: 200,
      keys: 0,
      saeId: 'app-c',
      code: undefined,
    },
  ]);
  reader.socket.destroy();
});

test('a quiet stream shows signs of life and outlives the time of a request', async () => {
  const { reader } = await open();
  await until(() => reader.text.split(': \n\n').length > 25, 'signs of life');
  assert.equal(reader.closed, false);
  reader.socket.destroy();
  await until(() => delivery.streams.size === 0 && delivery.server.connections() === 0, 'it to be gone');
});

test('the memory in which a key is written is wiped when the socket has taken it', async () => {
  const { reader, stream } = await open();
  const seen: Buffer[] = [];
  const fill = Buffer.prototype.fill;
  Buffer.prototype.fill = function (this: Buffer, ...rest: Parameters<typeof fill>) {
    if (this.includes('"key":"')) seen.push(this);
    return fill.apply(this, rest);
  } as typeof fill;
  try {
    assert.equal(await stream.write(keys(1).keys), true);
  } finally {
    Buffer.prototype.fill = fill;
  }
  assert.ok(seen.length >= 2, 'the event, and the one buffer that the socket got');
  assert.ok(seen.every((buffer) => buffer.every((byte) => byte === 0)));
  reader.socket.destroy();
});

test('a newer stream of the same pair takes the place of the older, which ends', async () => {
  const first = await open();
  const second = await open();
  await until(() => first.reader.closed, 'the first to end');
  assert.match(first.reader.text, /: the end\n\n/);
  assert.equal(first.stream.open, false);
  assert.equal(await first.stream.write(keys(1).keys), false);
  assert.equal(await second.stream.write(keys(1).keys), true);
  assert.equal(delivery.streams.size, 1);
  second.reader.socket.destroy();
});

test('keys for an application that has left are wiped and reported as not taken', async () => {
  const { reader, stream } = await open();
  reader.socket.destroy();
  await until(() => delivery.streams.size === 0, 'the server to see it leave');
  const some = keys(2);
  assert.equal(await stream.write(some.keys), false);
  assert.ok(isWiped(some));
});

test('an application that does not read is cut off, and what it did not take is wiped', {
  timeout: 30_000,
}, async () => {
  const { reader, stream } = await open();
  reader.socket.pause();
  const all: { memory: Buffer[] }[] = [];
  let refused = 0;
  for (let i = 0; i < 400 && refused === 0; i++) {
    const some = keys(100, 1024);
    all.push(some);
    if (!(await stream.write(some.keys))) refused += 1;
  }
  assert.equal(refused, 1, 'what fills the buffers of both ends is still taken, the next is not');
  assert.ok(all.every(isWiped));
  await until(() => delivery.streams.size === 0, 'it to be cut off');
  reader.socket.destroy();
});

test('a stream ends with the certificate that it was opened with', async () => {
  const { reader, stream } = await open();
  delivery.clock.aheadMs = 25 * 3_600_000;
  assert.equal(stream.open, false);
  assert.equal(await stream.write(keys(1).keys), false);
  await until(() => reader.closed, 'it to end');
  assertRefused(await ask(delivery, delivery.appC, PATH), 401, /expired/);
});

test('reload ends streams, and so does close, without a cut', async (t) => {
  const first = await open();
  delivery.server.reload({ ...delivery.node, clientCa: delivery.applications.certificate });
  await until(() => first.reader.closed, 'the stream to end with the old settings');
  const second = await open();
  const after = delivery.clock.after.bind(delivery.clock);
  // What is still there by then would be cut; that time never comes.
  const cancelled: number[] = [];
  t.mock.method(delivery.clock, 'after', (ms: number, fn: () => void) =>
    ms === CLOSE_MS ? () => cancelled.push(ms) : after(ms, fn),
  );
  let ended = false;
  void delivery.server.close().then(() => {
    ended = true;
  });
  // Else what is wrong here would hold up the end for ever.
  await until(() => ended, 'the end').finally(() => second.reader.socket.end());
  assert.deepEqual(cancelled, [CLOSE_MS]);
  await until(() => second.reader.closed, 'the stream to end');
});

test('an application may hold one stream for each master, up to its share', async () => {
  delivery.supply.admit = () => {};
  const sockets: TLSSocket[] = [];
  const openFor = async (master: string) => {
    const socket = await dial(delivery, delivery.appC);
    sockets.push(socket);
    socket.write(`GET /api/v1/keys/${master}/pushed_keys HTTP/1.1\r\nHost: x\r\n\r\n`);
  };
  for (let i = 0; i < limits.supplyStreamsPerApplicationMax; i++) await openFor(`master-${i}`);
  await until(() => delivery.streams.size === sockets.length, 'all to be open');
  const surplus = await ask(delivery, delivery.appC, '/api/v1/keys/one-more/pushed_keys');
  assertRefused(surplus, 429, /streams/, 'application.too_many_streams');
  for (const socket of sockets) socket.destroy();
  await until(() => delivery.streams.size === 0, 'all to be gone');
});

test('a stream is refused to whoever may not have the keys, and for anything but a plain GET', async () => {
  assertRefused(await ask(delivery, delivery.appA, PATH), 401, /./, 'application.not_authorised');
  const other = await ask(delivery, delivery.appC, '/api/v1/keys/nobody/pushed_keys');
  assertRefused(other, 401, /./, 'application.not_authorised');
  assertRefused(await ask(delivery, delivery.appC, PATH, { method: 'POST', body: '{}' }), 405, 'use GET');
  assertRefused(await ask(delivery, delivery.appC, `${PATH}?number=1`), 400, /query/);
  assert.equal(delivery.streams.size, 0);
});

test('requests behind a stream on one connection are not answered, and cost no key', async () => {
  const socket = await dial(delivery, delivery.appC);
  const all = received(socket);
  socket.write(GET);
  await until(() => delivery.streams.size === 1, 'the stream to be open');
  socket.write(`GET /api/v1/keys/app-a/dec_keys?key_ID=${keyIdOf(1)} HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.equal((await all).split('HTTP/1.1 ').length, 2, 'one answer: the stream');
  assert.deepEqual(delivery.supply.calls, []);
  await until(() => delivery.streams.size === 0, 'the stream to be forgotten');
  const both = await dial(delivery, delivery.appC);
  const answers = received(both);
  both.write(`${GET}GET /api/v1/keys/app-c/enc_keys HTTP/1.1\r\nHost: x\r\n\r\n`);
  await answers;
  assert.deepEqual(delivery.supply.calls, [], 'nor at once behind it');
});

test('a push whose application opens its next stream while the key is burnt goes over that one', async () => {
  const applications = new Map([
    ['app-a', 'A'],
    ['app-c', 'C'],
  ]);
  const settings = { self: 'C', applications, sessions: new Sessions() };
  const proactive = new ProactiveSupply(settings, delivery.supply, delivery.streams, delivery.log);
  await open();
  let burnt = () => {};
  delivery.supply.before = () =>
    new Promise((resolve) => {
      burnt = resolve;
    });
  const announced = { source: 'A', master: 'app-a', slave: 'app-c', keyIds: [keyIdOf(1)] };
  const notice = { sessionId: 's', number: 1, announced } as unknown as SupplyNotice;
  const outcome = proactive.supply('B', notice);
  await until(() => delivery.supply.calls.length === 1, 'the key to be asked for');
  const { reader } = await open();
  burnt();
  assert.deepEqual(await outcome, { response: 'success', keyIds: [keyIdOf(1)] });
  await reader.holds(keyIdOf(1));
  assert.deepEqual(proactive.stats, { pushed: 1, lost: 0 });
});
