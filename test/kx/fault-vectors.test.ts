import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { talk, verdictOf } from './codec-under-test.ts';
import { faultFiles, setting } from './fault-vectors/index.ts';
import type { Vector } from './fault-vectors/message.ts';
import { unitsOf } from './fault-vectors/setting.ts';
import { naiveVerdict, type Verdict } from './naive-receiver.ts';

const stored = async (name: string) =>
  JSON.parse(await readFile(new URL(`../golden/kx/${name}.json`, import.meta.url), 'utf8'));
const shared = (await stored('fault-setting')) as ReturnType<typeof setting>;
const greeting = Buffer.from(shared.greeting, 'hex');
const ends = { sender: shared.sender, receiver: shared.receiver, units: unitsOf };

/** What becomes of a vector, by the real connection and the real readers. */
function outcomeOf({ bytes, first }: Vector): { outcome: string; verdict: Verdict | undefined } {
  const sent = Buffer.from(bytes, 'hex');
  const { messages, closed } = talk(first ? [sent] : [greeting, sent]);
  if (closed !== undefined) return { outcome: 'closed', verdict: undefined };
  if (first) return { outcome: 'accepted', verdict: undefined };
  if (messages.length === 0) return { outcome: 'waiting', verdict: undefined };
  const verdict = verdictOf(messages[0]!, ends);
  const naive = naiveVerdict(messages[0]!.command, messages[0]!.frame, ends);
  assert.deepEqual(verdict, naive, 'the naive receiver sees the same');
  return { outcome: verdict.outcome, verdict };
}

test('the setting of the fault vectors is what the naive encoder makes', () => {
  assert.deepEqual(shared, setting());
});

for (const [file, make] of Object.entries(faultFiles)) {
  const vectors = (await stored(file)) as Vector[];

  test(`${file}.json is what the naive encoder makes, each vector under a name of its own`, () => {
    assert.deepEqual(vectors, JSON.parse(JSON.stringify(make())));
    assert.equal(new Set(vectors.map(({ name, clause }) => `${clause} ${name}`)).size, vectors.length);
    assert.ok(new Set(vectors.map(({ expect }) => expect)).size > 1, 'good and bad ones');
  });

  describe(`${file}.json:`, () => {
    for (const vector of vectors)
      test(`${vector.name} (${vector.clause}) is ${vector.expect}`, () => {
        const { outcome, verdict } = outcomeOf(vector);
        assert.equal(outcome, vector.expect);
        if (vector.keys === undefined) return;
        assert.ok(verdict?.outcome === 'accepted');
        assert.deepEqual((verdict.seen as { keys: unknown }).keys, vector.keys);
      });
  });
}
