import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RelayQueue } from '../../src/kma/relay-queue.ts';
import { limits } from '../../src/limits.ts';

test('where nobody answers, no request waits for all those before it', async () => {
  let nowMs = 0;
  const carried: (() => void)[] = [];
  const queue = new RelayQueue<string>({
    carry: (_count, arrived) =>
      new Promise((_resolve, reject) => {
        carried.push(() => {
          arrived();
          reject(new Error('unreachable'));
        });
      }),
    transfers: () => 1,
    // One request in each message.
    room: () => 1,
    nowMs: () => nowMs,
    late: () => new Error('late'),
  });
  const ended: string[] = [];
  const asked = Array.from({ length: 6 }, (_, i) =>
    queue.add(1).catch(({ message }: Error) => ended.push(`${i} ${message} after ${nowMs}`)),
  );
  while (carried.length > 0) {
    nowMs += limits.relayTimeoutMs;
    carried.shift()!();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(asked);
  const [first, second] = [limits.relayTimeoutMs, 2 * limits.relayTimeoutMs];
  assert.deepEqual(ended.sort(), [
    `0 unreachable after ${first}`,
    `1 unreachable after ${second}`,
    ...[2, 3, 4, 5].map((i) => `${i} late after ${second}`),
  ]);
});
