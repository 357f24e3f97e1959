import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { EventStream, encKeys } from './event-stream.ts';
import { applicationOf, keyIdsOf, keysOf, labFor, logOf, ownKeys, startAll, statusOf, until } from './lab.ts';

async function runningLab(t: TestContext, push: boolean): Promise<Lab> {
  const lab = await labFor(t, { lowWater: 200, highWater: 600 });
  if (push) {
    const { config } = lab.node('A');
    const text = readFileSync(config, 'utf8');
    const pushing = text.replace('sae_id: app-c\n', 'sae_id: app-c\n      push: true\n');
    assert.notEqual(pushing, text);
    writeFileSync(config, pushing);
  }
  startAll(lab);
  await until(lab, 'A', 'the relay pool is filled', (status) => ownKeys(status, 'C') >= 100);
  return lab;
}

test('what an application at A takes is pushed to the one at C, over B, and cannot be fetched again', async (t) => {
  const lab = await runningLab(t, false);
  const slave = applicationOf(lab, 'app-c');
  t.after(() => slave.close());
  const stream = await EventStream.open(lab, 'app-c', 'app-a');
  t.after(() => stream.close());

  const pushed = await encKeys(lab, { number: 3, extension_mandatory: [{ keyferry_notify: true }] });
  assert.equal(pushed.status, 200);
  const taken = [...keysOf(pushed.body)].map(([key_ID, key]) => ({ key_ID, key }));
  assert.equal(taken.length, 3);
  assert.deepEqual(await stream.waitFor(3), taken);
  assert.equal((await slave.decKeys('app-a', [taken[0]!.key_ID])).status, 400);

  const silent = await encKeys(lab, { number: 2 });
  assert.equal((await slave.decKeys('app-a', keyIdsOf(silent))).status, 200);
  assert.equal(stream.keys.length, 3, 'nobody asked for these to be pushed');

  const { notifications: a } = await until(lab, 'A', 'the response is back', (status) => {
    return status.notifications.in_flight === 0;
  });
  assert.deepEqual([a.sent, a.succeeded, a.failed, a.last_failure], [1, 1, 0, null]);
  assert.equal((await statusOf(lab, 'B')).notifications.forwarded, 1);
  const c = await statusOf(lab, 'C');
  assert.equal(c.notifications.supplied, 1);
  assert.deepEqual([c.supply!.pushed, c.supply!.lost, c.supply!.streams], [3, 0, 1]);
});

test('with push set every key is announced, and what finds no stream stays to be fetched by its ID', async (t) => {
  const lab = await runningLab(t, true);
  const slave = applicationOf(lab, 'app-c');
  t.after(() => slave.close());

  const before = await encKeys(lab, { number: 2 });
  const { notifications } = await until(lab, 'A', 'C has said that nobody listens', (status) => {
    return status.notifications.failed === 1;
  });
  assert.equal(notifications.last_failure, 'application_not_connected');
  const found = await slave.decKeys('app-a', keyIdsOf(before));
  assert.equal(found.status, 200);
  assert.deepEqual(keysOf(found.body), keysOf(before.body));

  const stream = await EventStream.open(lab, 'app-c', 'app-a');
  t.after(() => stream.close());
  const taken = await Promise.all(Array.from({ length: 50 }, () => encKeys(lab, { number: 2, size: 512 })));
  const expected = new Map(taken.flatMap(({ body }) => [...keysOf(body)]));
  const came = await stream.waitFor(100);
  assert.deepEqual(new Map(came.map(({ key_ID, key }) => [key_ID, key])), expected);
  const declined = await encKeys(lab, { extension_optional: [{ keyferry_notify: false }] });
  assert.equal((await slave.decKeys('app-a', keyIdsOf(declined))).status, 200);

  await lab.programs.get('C')!.stop();
  assert.equal(stream.ended, true, 'the stream ends with its node');
  for (const kmaId of ['A', 'B', 'C'])
    assert.deepEqual(
      logOf(lab, kmaId).filter((line) => line['level'] === 'error'),
      [],
    );
});

/** Gives B applications, and A and B a session; `other-c` lives at B here. */
function shareSession(lab: Lab): void {
  const session = 'sessions:\n    - { id: a-to-b, source_sae_id: app-a, destination_sae_id: other-c }\n';
  const a = lab.node('A');
  const moved = readFileSync(a.config, 'utf8')
    .replace('sae_id: other-c\n      kma_id: C\n', 'sae_id: other-c\n      kma_id: B\n')
    .replace('supply:\n', `supply:\n  ${session}`);
  writeFileSync(a.config, moved);
  const b = lab.node('B');
  const supply = [
    `supply:\n  listen: 127.0.0.1:${b.supplyPort}\n  ${session}`,
    '  certificate: pki/nodes/B/supply.pem\n  private_key: pki/nodes/B/supply.key\n',
    '  client_ca: pki/application-ca.pem\n',
    '  applications: [{ sae_id: other-c }, { sae_id: app-a, kma_id: A }]\n',
  ];
  writeFileSync(b.config, readFileSync(b.config, 'utf8') + supply.join(''));
}

test('in a session that two neighbours are configured with, the far one chooses the key and pushes it', async (t) => {
  const lab = await labFor(t);
  shareSession(lab);
  startAll(lab);
  for (const [at, far] of [
    ['A', 'B'],
    ['B', 'A'],
  ] as const)
    await until(lab, at, 'the link is filled', (status) => ownKeys(status, far) >= 200);
  const before = await encKeys(lab, { number: 1 }, 'other-c');
  assert.equal(before.status, 200, 'nobody listens yet: the key is one of A');
  const stream = await EventStream.open(lab, 'other-c', 'app-a', 'B');
  t.after(() => stream.close());
  const answers = await Promise.all([2, 3].map((number) => encKeys(lab, { number }, 'other-c')));
  const expected = new Map(answers.flatMap(({ body }) => [...keysOf(body)]));
  const came = await stream.waitFor(5);
  assert.deepEqual(new Map(came.map(({ key_ID, key }) => [key_ID, key])), expected);
  const [a, b] = [await statusOf(lab, 'A'), await statusOf(lab, 'B')];
  assert.deepEqual([a.supply!.taken, a.supply!.opened], [1, 5]);
  assert.deepEqual([b.supply!.taken, b.supply!.pushed, b.notifications.supplied], [5, 5, 2]);
});
