import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HopGuard } from '../../src/kma/hop-guard.ts';
import { NoticeSource, type NoticeSourceParts } from '../../src/kma/notice-source.ts';
import type { Peer } from '../../src/kx/peer/peer.ts';
import { limits } from '../../src/limits.ts';
import { systemEntropy as entropy } from '../../src/node/entropy.ts';
import { ManualClock } from '../manual-clock.ts';

const SESSION = { sessionId: 'session-1', destination: 'P', number: 1, sizeBits: 256 };

function source() {
  const clock = new ManualClock();
  const peer = { kmaId: 'P', plain: undefined } as unknown as Peer;
  const guard = {
    send: async (_peer: Peer, _command: number, draft: Disposable) => {
      draft[Symbol.dispose]();
      return 'sent';
    },
  } as unknown as HopGuard;
  const parts = { self: 'A', guard, peers: new Map([['P', peer]]), clock, entropy };
  return { clock, peer, notices: new NoticeSource(parts as unknown as NoticeSourceParts) };
}

test('an answer that comes after its request was given up does not answer the next one of the session', async () => {
  const { clock, peer, notices } = source();
  const first = notices.choose(SESSION);
  clock.advance(limits.supplySessionMs);
  assert.equal((await first).response, 'timeout');
  assert.equal((await notices.choose(SESSION)).response, 'overloaded', 'none is asked while one is owed');
  const late = { sessionId: SESSION.sessionId, response: 'success', keyIds: ['late'] };
  assert.ok(notices.onAnswer(peer, late as never));
  const second = notices.choose(SESSION);
  assert.ok(notices.onAnswer(peer, { ...late, keyIds: ['right'] } as never));
  assert.deepEqual((await second).keyIds, ['right']);
});

test('an answer that never comes holds a session up no longer than answers may take', async () => {
  const { clock, notices } = source();
  const first = notices.choose(SESSION);
  clock.advance(limits.supplySessionMs);
  await first;
  clock.advance(limits.supplyNoticeMs);
  const second = notices.choose(SESSION);
  clock.advance(limits.supplySessionMs);
  assert.equal((await second).response, 'timeout');
});
