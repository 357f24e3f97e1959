import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { callAgent } from '../../src/cli/control-client.ts';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { limits } from '../../src/limits.ts';
import { issueNode } from '../../src/pki/pki.ts';
import { type Attacker, HostilePeer, halfOpen, handshaken } from './hostile-peer.ts';
import { labFor, logOf, ownKeys, startAll, statusOf, until } from './lab.ts';

/** Long for a slow machine, and shorter than a stranger that was let in may take for its handshake. */
const SOON_MS = 7_000;

/** Relays from A to C over B, one after the other, for as long as `attack` takes. Every one has to succeed. @returns how many */
async function relaysDuring(lab: Lab, attack: (relays: () => number) => Promise<unknown>): Promise<number> {
  let relays = 0;
  let going = true;
  const relaying = (async () => {
    for (; going; relays += 1)
      await callAgent(lab.node('A').socket, 'POST', '/v1/relay', { destination: 'C', keys: 1 });
  })();
  try {
    await attack(() => relays);
  } finally {
    going = false;
    await relaying;
  }
  return relays;
}

const eventsOf = (lab: Lab, event: string, peer?: string) =>
  logOf(lab, 'B').filter((line) => line['event'] === event && (peer === undefined || line['peer'] === peer));

test('attackers waste their own connections only', { timeout: 180_000 }, async (t) => {
  const lab = await labFor(t, { lowWater: 1, highWater: 1, blocksPerSecond: 40, blockBytes: 16_384 });
  const pki = join(lab.directory, 'pki');
  for (const kmaId of ['M', 'N', 'X']) await issueNode(pki, kmaId);
  // M and N are peers of B, and hostile; X is a stranger with a certificate of the right authority.
  const { config } = lab.node('B');
  writeFileSync(
    config,
    readFileSync(config, 'utf8').replace('  peers:\n', '  peers:\n    - kma_id: M\n    - kma_id: N\n'),
  );
  startAll(lab);
  await until(lab, 'A', 'there is pad', (status) => ownKeys(status, 'B') > 5_000);
  await until(lab, 'B', 'there is pad', (status) => ownKeys(status, 'C') > 5_000);
  const m: Attacker = { lab, kmaId: 'M', localAddress: '127.0.0.66' };
  const n: Attacker = { lab, kmaId: 'N', localAddress: '127.0.0.68' };
  const x: Attacker = { lab, kmaId: 'X', localAddress: '127.0.0.67' };
  const downs = (of: Attacker) =>
    eventsOf(lab, 'kx.peer.down', of.kmaId).map((line) => String(line['reason']));

  const failedBefore = (await statusOf(lab, 'A')).relay.source.failed;
  let strangers: Promise<unknown> = Promise.resolve();

  await t.test('1,000 connections at once, half of them silent and half with a certificate', async () => {
    const startMs = performance.now();
    const relays = await relaysDuring(lab, async (done) => {
      const attacks = Array.from({ length: 1_000 }, (_, i) => (i % 2 === 0 ? halfOpen(x) : handshaken(x)));
      strangers = Promise.all(attacks.map(({ ended }) => ended));
      const soon = attacks.map(({ ended }) =>
        Promise.race([ended, sleep(SOON_MS, Number.POSITIVE_INFINITY)]),
      );
      const open = (await Promise.all(soon)).filter((ms) => ms === Number.POSITIVE_INFINITY).length;
      assert.ok(open <= limits.kxHandshakesPerHostMax, `${open} are still open`);
      // A slow machine needs longer for as many relays; strangers that wait are there for ten seconds.
      for (const endMs = performance.now() + 8_000; done() <= 5 && performance.now() < endMs; )
        await sleep(20);
    });
    assert.ok(relays > 5, `${relays} relays`);
    // A slow machine takes longer, in which more are let in.
    const seconds = (performance.now() - startMs) / 1_000;
    const unknown = eventsOf(lab, 'kx.peer.unknown').length;
    assert.ok(
      unknown <= limits.kxHandshakeBurst + (seconds + 1) * limits.kxHandshakesPerSecond,
      `${unknown}`,
    );
  });

  await t.test('a peer that connects anew as soon as it is cut off', async () => {
    const before = eventsOf(lab, 'kx.peer.up', 'M').length;
    let tries = 0;
    const startMs = performance.now();
    const seconds = () => (performance.now() - startMs) / 1_000;
    const mostBy = (now: number) => limits.peerConnectsBurst + (now + 1) * limits.peerConnectsPerSecond;
    const relays = await relaysDuring(lab, async () => {
      // A slow machine takes longer to make more tries than are let in.
      while (seconds() < 4 || (tries <= mostBy(seconds()) && seconds() < 30)) {
        const peer = new HostilePeer(m);
        tries += 1;
        peer.junk(100);
        peer.attack.socket.end(Buffer.from('junk'));
        await peer.attack.ended;
      }
      assert.ok(tries > mostBy(seconds()), `${tries} tries`);
    });
    const ups = eventsOf(lab, 'kx.peer.up', 'M').length - before;
    const most = mostBy(seconds());
    assert.ok(ups <= most, `${ups} ups`);
    assert.ok(relays > 5, `${relays} relays`);
  });

  await t.test('a peer that floods', async () => {
    await sleep(3_000);
    const before = eventsOf(lab, 'kx.message.malformed').length;
    const floods: [string, (peer: HostilePeer) => void, RegExp][] = [
      ['malformed messages', (peer) => peer.junk(60_000), /too many bad messages/],
      ['pings', (peer) => peer.ping(), /pings came too often/],
    ];
    for (const [what, send, reason] of floods) {
      const peer = new HostilePeer(m);
      await new Promise((resolve) => peer.attack.socket.once('data', resolve));
      const relays = await relaysDuring(lab, async () => {
        for (let i = 0; i < 60; i++) send(peer);
        await peer.attack.ended;
      });
      assert.ok(relays > 0, what);
      await until(lab, 'B', 'it is logged', () => reason.test(downs(m).at(-1) ?? ''));
    }
    const malformed = eventsOf(lab, 'kx.message.malformed').length - before;
    assert.equal(malformed, limits.badMessagesMax + 1, 'after the last of them nothing was read');
  });

  await t.test('a peer that begins a message and does not finish it, though it dribbles', async () => {
    const attack = async (from: Attacker, bytes: number) => {
      const peer = new HostilePeer(from);
      await new Promise((resolve) => peer.attack.socket.once('data', resolve));
      const startMs = performance.now();
      peer.begin(bytes);
      const dribbling = setInterval(() => bytes > 10 && peer.dribble(), 500);
      await peer.attack.ended;
      clearInterval(dribbling);
      const ms = performance.now() - startMs;
      assert.ok(ms >= limits.kxFrameMs - 100 && ms < limits.kxFrameMs + 3 * limits.kxTickMs, `${ms} ms`);
      await until(lab, 'B', 'it is logged', () => /did not finish/.test(downs(from).at(-1) ?? ''));
    };
    assert.ok((await relaysDuring(lab, () => Promise.all([attack(m, 5), attack(n, 500)]))) > 5);
  });

  await t.test('and at the end all is as it was', async () => {
    await strangers;
    for (const kmaId of ['A', 'B', 'C']) {
      const { peers } = await statusOf(lab, kmaId);
      for (const peer of peers.filter(({ kma_id }) => 'ABC'.includes(kma_id)))
        assert.deepEqual([peer.kma_id, peer.state, peer.connects], [peer.kma_id, 'up', 1]);
    }
    assert.equal((await statusOf(lab, 'A')).relay.source.failed, failedBefore);
    assert.ok(!logOf(lab, 'B').some((line) => line['event'] === 'agent.broken'));
  });
});
