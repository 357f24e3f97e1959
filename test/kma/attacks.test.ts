import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { writeCompletion } from '../../src/kx/codec/completion.ts';
import { command, readHeader, setMessageId } from '../../src/kx/codec/header.ts';
import { sealHop } from '../../src/kx/codec/hop.ts';
import { limits } from '../../src/limits.ts';
import { frameWithHop } from '../kx/framed.ts';
import { until } from '../manual-clock.ts';
import { completionsOn, sendForged } from './forged-relay.ts';
import { row, type TestNode } from './node.ts';

// What a peer with a good certificate, or whoever stole its key, can do to messages.

const relay = (from: TestNode, to: string, count: number) => from.relay.source.relay(to, count);
const isRelay = (name: string, bytes: Buffer) =>
  name === 'A>B' && readHeader(bytes, 0).command === command.keyRelay;
const notAuthentic = (node: TestNode) => node.log.of('kx.message.not_authentic').length;

type Row = Awaited<ReturnType<typeof row>>;

/** The next relay from A to B arrives as `change` makes it. */
function changeNext({ world }: Row, change: (frame: Buffer) => Buffer): void {
  world.net.dropped = (name, bytes) => {
    if (!isRelay(name, bytes)) return false;
    world.net.dropped = undefined;
    world.net.inject('A>B', change(Buffer.from(bytes)));
    return true;
  };
}

/** Puts other text of the same length in the place of the first `from`. */
function swap(from: string | RegExp, to: (found: string) => string): (frame: Buffer) => Buffer {
  return (frame) => {
    const text = frame.toString('latin1');
    const changed = text.replace(from, to);
    assert.notEqual(changed, text, 'there was something to change');
    assert.equal(changed.length, text.length);
    return Buffer.from(changed, 'latin1');
  };
}

const otherDigit = (found: string) => found.slice(0, -1) + (found.endsWith('1') ? '2' : '1');
const otherLetter = (found: string) => found.slice(0, -1) + (found.endsWith('B') ? 'C' : 'B');

const tampered: Readonly<Record<string, (frame: Buffer) => Buffer>> = {
  'a letter of a key': swap(/"key":"./, otherLetter),
  'a digit of a key ID': swap(/"key_ID":"./, otherDigit),
  'the source': swap('"source_KMA_ID":"A"', () => '"source_KMA_ID":"D"'),
  'a digit of the request ID': swap(/"key_relay_request_ID":"./, otherDigit),
  'a letter of the tag': swap(/"tag":"./, otherLetter),
  'the pad': swap(/"pad":\[\[\d+,\d/, otherDigit),
  'the message ID': (frame) => {
    setMessageId(frame, readHeader(frame, 0).messageId + 1);
    return frame;
  },
};

describe('a key relay of which one thing was changed on the way is refused, and nothing comes of it:', () => {
  for (const [what, change] of Object.entries(tampered))
    test(what, async (t) => {
      const nodes = await row(t, 2);
      const { a, b, c } = nodes;
      changeNext(nodes, change);
      await relay(a, 'C', 2).catch(() => {});
      assert.equal(notAuthentic(b), 1);
      assert.equal(b.relay.transit.stats.forwarded, c.relay.destination.stats.blocks);
      await relay(a, 'C', 2);
      assertShared(a, c);
    });

  const cut: Readonly<Record<string, (frame: Buffer) => Buffer>> = {
    'its last byte is missing': (frame) => {
      const short = frame.subarray(0, -1);
      short.writeUInt16BE(short.length - limits.kxHeaderBytes, 8);
      return short;
    },
    'half of it is missing': (frame) => {
      const short = frame.subarray(0, frame.length / 2);
      short.writeUInt16BE(short.length - limits.kxHeaderBytes, 8);
      return short;
    },
    'it says that it is a completion': (frame) => {
      frame.writeUInt16BE(command.keyRelayCompletion, 6);
      return frame;
    },
  };
  for (const [what, change] of Object.entries(cut))
    test(`${what} (the relay goes through when it is sent again)`, async (t) => {
      const nodes = await row(t, 2);
      const { a, b, c, world } = nodes;
      changeNext(nodes, change);
      const done = relay(a, 'C', 2);
      await until('it is refused', () => b.log.of('kx.message.malformed').length === 1);
      assert.equal(b.relay.transit.stats.forwarded, 0);
      await Promise.all([done, world.clock.leap(limits.relayRetryMs + 100)]);
      assertShared(a, c);
    });
});

describe('a key relay that comes twice', () => {
  /** A relay that went through, as A sent it. */
  async function sent(t: TestContext) {
    const nodes = await row(t, 2);
    let frame: Buffer | undefined;
    nodes.world.net.crossing = (name, bytes) => {
      if (isRelay(name, bytes)) frame = Buffer.from(bytes);
    };
    for (let i = 0; i < 12; i++) await relay(nodes.a, 'C', 2);
    nodes.world.net.crossing = undefined;
    return { ...nodes, frame: frame! };
  }
  const stored = ({ b, c }: { b: TestNode; c: TestNode }) => [
    b.relay.transit.stats.forwarded,
    c.relay.destination.stats.blocks,
  ];

  test('byte for byte ends the connection, and goes nowhere', async (t) => {
    const nodes = await sent(t);
    const before = stored(nodes);
    nodes.world.net.inject('A>B', nodes.frame);
    assert.match(nodes.b.peers.get('A')?.lastDown ?? '', /out of order/);
    assert.deepEqual(stored(nodes), before);
  });

  test('with a message ID of its own finds its pad used, and goes nowhere', async (t) => {
    const nodes = await sent(t);
    const before = stored(nodes);
    assert.equal(nodes.a.peers.get('B')?.send(Buffer.from(nodes.frame)), true);
    await until('it is refused', () => notAuthentic(nodes.b) === 1);
    assert.deepEqual(stored(nodes), before);
  });

  test('on another connection finds its pad used, and goes nowhere', async (t) => {
    const nodes = await sent(t);
    const { world, a, b } = nodes;
    const before = stored(nodes);
    world.net.cut();
    await until('both are down', () => !a.peers.get('B')?.up && !b.peers.get('A')?.up);
    await until('they are up again', () => a.peers.get('B')?.up && b.peers.get('A')?.up);
    world.net.inject('A>B', nodes.frame);
    await until('it is refused', () => notAuthentic(b) === 1);
    assert.deepEqual(stored(nodes), before);
    await relay(a, 'C', 1).catch(() => {});
  });
});

test('key relays in another order than they were sent in end the connection, and are stored once each', async (t) => {
  const { world, a, b, c } = await row(t, 2);
  await relay(a, 'C', 1);
  let held: Buffer | undefined;
  world.net.dropped = (name, bytes) => {
    if (!isRelay(name, bytes)) return false;
    if (held === undefined) {
      held = Buffer.from(bytes);
      return true;
    }
    world.net.dropped = undefined;
    setImmediate(() => world.net.inject('A>B', held!));
    return false;
  };
  const both = Promise.all([relay(a, 'C', 2), relay(a, 'C', 3)]);
  const noticed = () => /out of order/.test(b.peers.get('A')?.lastDown ?? '');
  // Where both are in one message, it is the repetition that comes out of order.
  await Promise.all([until('the order is noticed', noticed), world.clock.leap(limits.relayRetryMs)]);
  await Promise.all([both, world.clock.leap(limits.relayRetryMs + limits.dialBackOffMsMax)]);
  assertShared(a, c);
  assert.equal(c.relay.destination.stats.blocks, 3);
});

test('a peer that protects its message with key of our direction, which it knows too, is refused', async (t) => {
  const { world, a, b } = await row(t, 2);
  const block = [...b.store.pool('A').theirs.values()].find(({ state }) => state === 'ready')!;
  const index = block.units - 1;
  const prefix = writeCompletion('success', '6f1c3c2e-52a4-4d0b-9a5e-0f6f1b0c7d21');
  const frame = frameWithHop(command.keyRelayCompletion, prefix, [
    { number: block.number, index, units: 1 },
  ])!;
  setMessageId(frame, 1_000);
  const oneTimeKey = b.store.open
    .view(block)
    .subarray(index * limits.unitBytes, (index + 1) * limits.unitBytes);
  sealHop(frame, 'B', 'A', Buffer.from(oneTimeKey));
  const before = a.store.pool('B').ownLeft;
  world.net.inject('B>A', frame);
  await until('it is refused', () => notAuthentic(a) === 1);
  assert.equal(a.store.pool('B').ownLeft, before, 'the key is still ours to use');
});

test('a message that comes back to whoever sent it is refused', async (t) => {
  const { world, a, b } = await row(t, 2);
  let frame: Buffer | undefined;
  world.net.dropped = (name, bytes) => {
    if (!isRelay(name, bytes)) return false;
    frame ??= Buffer.from(bytes);
    return true;
  };
  const done = relay(a, 'C', 2);
  await until('it is on the line', () => frame !== undefined);
  assert.equal(b.peers.get('A')?.send(frame!), true);
  await until('it is refused', () => notAuthentic(a) === 1);
  assert.equal(a.relay.transit.stats.forwarded, 0);
  world.net.dropped = undefined;
  await Promise.all([done, world.clock.leap(limits.relayRetryMs + 100)]);
});

test('one bad message after the other ends the connection, and the others go on', async (t) => {
  const { a, b, c } = await row(t, 2);
  const junk = () =>
    frameWithHop(command.keyRelay, Buffer.from('{"extension":['), [{ number: 1, index: 1, units: 1 }])!;
  for (let i = 0; i <= limits.badMessagesMax; i++) c.peers.get('B')?.send(junk());
  await until('it is cut off', () => /too many bad messages/.test(b.peers.get('C')?.lastDown ?? ''));
  assert.equal(b.peers.get('A')?.connects, 1);
  assert.equal(a.peers.get('B')?.up, true);
});

test('a source that says it takes no more key from the block that it relays is not believed', async (t) => {
  const { world, a, c } = await row(t, 2);
  const answers = completionsOn(world, 'B>A');
  for (const [number, floor] of [
    [7, 8],
    [8, 8],
  ] as const) {
    const before = answers.length;
    await sendForged(a, { requestId: `block ${number}`, number, floor });
    await until('it is answered', () => answers.length > before);
  }
  assert.deepEqual(answers, ['conflict', 'success']);
  assert.deepEqual([...c.store.pool('A').theirs.keys()], [8]);
});

/** Source and destination hold the same key. */
function assertShared(a: TestNode, c: TestNode): void {
  const keys = (node: TestNode, remote: string, own: boolean) =>
    [...node.store.pool(remote).side(own).values()].map((block) => [
      block.number,
      Buffer.from(node.store.open.view(block)),
    ]);
  const mine = keys(a, 'C', true);
  assert.ok(mine.length > 0);
  assert.deepEqual(new Map(mine as [number, Buffer][]), new Map(keys(c, 'A', false) as [number, Buffer][]));
}
