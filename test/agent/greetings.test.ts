import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Greetings } from '../../src/agent/greetings.ts';
import { Frame } from '../../src/kx/codec/frame.ts';
import { allocFrame, command, setMessageId } from '../../src/kx/codec/header.ts';
import { Line } from '../kx/peer-line.ts';

/** Messages of one peer, by ID, and those that were handled. */
function setUp() {
  const { peer } = new Line().side('A', 'B');
  const greetings = new Greetings();
  const handled: number[] = [];
  const hear = (messageId: number) => {
    const frame = allocFrame(command.ping, 0);
    setMessageId(frame, messageId);
    return greetings.after(peer, Frame.of(frame), ({ header }) => void handled.push(header.messageId));
  };
  const begin = () => {
    const settling = Promise.withResolvers<boolean>();
    greetings.begin(peer, settling.promise);
    return settling.resolve;
  };
  return { handled, hear, begin };
}

test('messages wait until what follows from the greeting is done, and are handled in the order in which they came', async () => {
  const { handled, hear, begin } = setUp();
  const settle = begin();
  const waiting = [hear(1), hear(2)];
  assert.deepEqual(handled, []);
  settle(true);
  await Promise.all(waiting);
  assert.equal(hear(3), undefined, 'nothing waits any more');
  assert.deepEqual(handled, [1, 2, 3]);
});

test('nothing that came before a greeting went wrong is handled', async () => {
  const { handled, hear, begin } = setUp();
  const settle = begin();
  const waiting = hear(1);
  settle(false);
  await waiting;
  assert.deepEqual(handled, []);
});

test('nothing of a connection that another has replaced is handled, though its greeting goes well', async () => {
  const { handled, hear, begin } = setUp();
  const settleFirst = begin();
  const ofFirst = hear(1);
  const settleSecond = begin();
  const ofSecond = hear(2);
  settleFirst(true);
  await ofFirst;
  assert.deepEqual(handled, []);
  settleSecond(true);
  await ofSecond;
  assert.deepEqual(handled, [2]);
});
