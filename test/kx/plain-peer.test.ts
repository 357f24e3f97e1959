import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { command } from '../../src/kx/codec/header.ts';
import { writeEmpty } from '../../src/kx/codec/private-messages.ts';
import { Peer, type PlainPeer } from '../../src/kx/peer/peer.ts';
import { isPlainCommand, PlainSession } from '../../src/kx/session/plain-session.ts';
import { limits } from '../../src/limits.ts';
import { ManualClock, until } from '../manual-clock.ts';
import { Lines } from '../store/temp-store.ts';
import { MemoryNet } from './memory-net.ts';

const plain: PlainPeer = { unprotectedKey: true, memberNames: 'source_KMA_ID' };

/** A dials B; each takes the other for what is said. */
function pair(t: TestContext, atA: PlainPeer | undefined, atB: PlainPeer | undefined) {
  const [clock, net] = [new ManualClock(), new MemoryNet()];
  const side = (self: string, kmaId: string, of: PlainPeer | undefined) => {
    const log = new Lines();
    const commands: number[] = [];
    const peer = new Peer({
      kmaId,
      self: { kmaId: self, unitBits: 256, storeId: self },
      address: self === 'A' ? { host: kmaId, port: 1 } : undefined,
      plain: of,
      transport: net.transport(self),
      clock,
      log,
      events: { onUp: () => {}, onMessage: (_, message) => void commands.push(message.header.command) },
    });
    net.transport(self).listen(self, 1, (identity, link) => peer.adopt(identity, link, false));
    t.after(() => peer.stop());
    peer.start();
    return { peer, log, commands };
  };
  const b = side('B', 'A', atB);
  return { clock, net, a: side('A', 'B', atA), b };
}

test('plain peers are up at once, with no greeting, and the four commands pass', async (t) => {
  const { net, a, b } = pair(t, plain, plain);
  const crossed: string[] = [];
  net.crossing = (name) => crossed.push(name);
  await until('both are up', () => a.peer.up && b.peer.up);
  assert.deepEqual(crossed, []);
  const codes = [command.keyRelay, command.keyRelayCompletion, command.keySupply, command.keySupplyResponse];
  for (const code of codes) assert.ok(a.peer.send(writeEmpty(code)));
  await until('all have come', () => b.commands.length === 4);
  assert.deepEqual(b.commands, codes);
  assert.equal(a.peer.identity?.protocol, undefined);
});

test('a command of keyferry/1 from a plain peer closes the connection', async (t) => {
  const { a, b } = pair(t, plain, plain);
  await until('both are up', () => a.peer.up && b.peer.up);
  a.peer.send(writeEmpty(command.ping));
  await until('it is down', () => !b.peer.up);
  assert.match(b.peer.lastDown!, /bad command/);
});

for (const [atA, atB, what, told] of [
  [undefined, plain, 'speaks keyferry/1 to an end that takes it for plain', /agreed on keyferry\/1, though/],
  [plain, undefined, 'speaks plain Q.4163 to an end that does not', /did not agree on keyferry\/1/],
] as const)
  test(`a peer that ${what} is refused, and both ends are told what to look at`, async (t) => {
    const { a, b } = pair(t, atA, atB);
    await until('both have noticed', () => a.peer.lastDown !== undefined && b.peer.lastDown !== undefined);
    assert.match(b.peer.lastDown!, told);
    assert.match(a.peer.lastDown!, /without a word: compare `protocol`/);
    assert.ok(!a.peer.up && !b.peer.up);
    assert.equal(b.log.of('kx.peer.refused').length, 1);
    assert.equal(b.log.of('kx.peer.refused')[0]?.level, 'warn');
  });

test('a plain peer that closes what it accepted is dialled after longer and longer pauses', async (t) => {
  const { clock, net, a, b } = pair(t, plain, undefined);
  for (let dials = 1; dials <= 6; dials++) {
    await until(
      'it is closed',
      () => net.dials.length === dials && !a.peer.up && a.peer.lastDown !== undefined,
    );
    for (let waited = 0; net.dials.length === dials; waited += 50) {
      assert.ok(waited <= limits.dialBackOffMsMin * 2 ** dials, 'it is dialled again');
      clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  assert.ok(clock.monotonicMs() - 1_000_000 >= limits.dialBackOffMsMin * (2 ** 6 - 1));
  assert.equal(b.log.of('kx.peer.refused').length, 1, 'the same reason is logged once');
});

test('a plain session numbers messages from 1 on until numbers are used up, and takes numbers as they come', () => {
  const session = new PlainSession();
  assert.deepEqual(session.start(), [{ do: 'up', hello: undefined }]);
  assert.equal(session.nextMessageId(), 1);
  assert.equal(session.nextMessageId(), 2);
  assert.deepEqual(session.tick(0), []);
  const codes = Array.from({ length: 0x10000 }, (_, code) => code).filter(isPlainCommand);
  assert.deepEqual(codes, [0x1101, 0x1102, 0x1103, 0x1104]);
});
