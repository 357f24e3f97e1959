import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainKeyId } from '../../src/keys/plain-key-id.ts';
import { writeCompletion } from '../../src/kx/codec/completion.ts';
import { command } from '../../src/kx/codec/header.ts';
import { until } from '../manual-clock.ts';
import { linkedPair, World } from './node.ts';
import { naive, open } from './plain-lines.ts';

test('a relay that waited while its neighbour was configured anew, as a plain one, is not sent in the old form', async (t) => {
  const world = new World(t);
  const p = naive(world, 'P');
  const a = world.node('A', { neighbours: ['P'], linked: [] });
  a.start();
  const waiting = assert.rejects(a.relay.source.relay('P', 3), { code: 'relay.peer_unreachable' });
  await until('the relay waits', () => a.relay.source.inFlight === 1);
  const peer = a.peers.get('P')!;
  a.routes.use(['P'], [], [], ['P']);
  peer.stop('the configuration has changed');
  peer.change({ address: { host: 'P', port: 1 }, plain: open });
  peer.start();
  await waiting;
  assert.equal(p.keys.size, 0, 'nor did anything of it leave');
  await a.relay.source.relay('P', 2);
  const pool = a.store.pool('P');
  for (const block of pool.own.values()) {
    const secret = pool.idSecrets.own.get(block.epoch)!;
    for (let i = block.first; i < block.units; i++)
      assert.ok(p.keys.has(plainKeyId(secret.view(), block.number, i)), 'P knows what is given out');
    assert.ok(![...p.keys.values()].some(({ key }) => key === secret.view().toString('base64')));
  }
});

test('a message whose neighbour is configured anew, as a plain one, while its pad is taken does not leave under that pad', async (t) => {
  const { world, a, b } = await linkedPair(t);
  await world.fillLink(a, b, 4);
  const peer = a.peers.get('B')!;
  const takePad = a.allocator.takePad.bind(a.allocator);
  a.allocator.takePad = async (...which) => {
    const pad = await takePad(...which);
    Object.defineProperty(peer, 'plain', { value: open });
    return pad;
  };
  let left = 0;
  peer.send = () => {
    left += 1;
    return true;
  };
  const sent = await a.guard.send(peer, command.keyRelayCompletion, writeCompletion('success', 'r'));
  assert.deepEqual([sent, left], ['peer_unreachable', 0]);
});
