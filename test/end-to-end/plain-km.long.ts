import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse, stringify } from 'yaml';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { issueNode } from '../../src/pki/pki.ts';
import { NaiveKm, RELAY, type RelayMessage, SPELLINGS } from '../plain/naive-km.ts';
import { applicationOf, keyIdsOf, keysOf, labFor, logOf, ownKeys, statusOf, until } from './lab.ts';
import { dialAs, filesOf, listenAs } from './naive-tls.ts';

type Peer = {
  kma_id: string;
  address?: string;
  protocol?: string;
  unprotected_key?: boolean;
  member_names?: string;
};
type Route = { destination: string; via: string[]; protocol?: string };
type Application = { sae_id: string; kma_id?: string; plain_kma_ids?: string[] };
type File = {
  kx: { peers: Peer[]; routes?: Route[] };
  links: { peer: string }[];
  supply?: { applications: Application[] };
  pools?: { kma_id: string; low_water_keys: number; high_water_keys: number }[];
};

const low = { low_water_keys: 20, high_water_keys: 60 };

/**
 * A ─ Q ─ C and P ─ B ═ C: Q and P are key managers of another make, B ═ C a QKD link. R is as P, but no key may go to it. The nodes dial Q;
 * P and R dial B.
 */
async function labWithStrangers(t: TestContext) {
  const lab = await labFor(t, { blocksPerSecond: 50 });
  const pki = join(lab.directory, 'pki');
  for (const kmaId of ['P', 'Q', 'R']) await issueNode(pki, kmaId);
  const q = new NaiveKm('Q', 'Source KMA ID');
  const port = await listenAs(t, q, filesOf(pki, 'Q'));
  const peerQ = { kma_id: 'Q', address: `127.0.0.1:${port}`, protocol: 'plain', unprotected_key: true };
  edit(lab, 'A', (file) => {
    file.kx.peers = [{ ...peerQ, member_names: 'Source KMA ID' }];
    file.kx.routes = [{ destination: 'C', via: ['Q'] }];
    file.links = [];
    file.supply!.applications[0]!.plain_kma_ids = ['Q'];
    file.supply!.applications.push({ sae_id: 'app-q', kma_id: 'Q' });
    file.pools!.push({ kma_id: 'Q', ...low });
  });
  edit(lab, 'B', (file) => {
    const peerP = { kma_id: 'P', protocol: 'plain', unprotected_key: true };
    file.kx.peers.push(peerP, { kma_id: 'R', protocol: 'plain' });
    file.links = file.links.filter(({ peer }) => peer === 'C');
  });
  edit(lab, 'C', (file) => {
    file.kx.peers.push(peerQ);
    file.kx.routes = [
      { destination: 'A', via: ['Q'] },
      { destination: 'P', via: ['B'], protocol: 'plain' },
    ];
    for (const one of file.supply!.applications) if (one.sae_id === 'app-c') one.plain_kma_ids = ['P'];
    file.supply!.applications.push({ sae_id: 'app-p', kma_id: 'P' });
    file.pools!.push({ kma_id: 'P', ...low });
  });
  for (const module of lab.modules) if (module.linkId === 'bc') lab.startModule(module);
  for (const { kmaId } of lab.nodes) lab.startNode(kmaId);
  return { lab, pki, q, dial: { port: lab.node('B').kxPort } };
}

function edit(lab: Lab, kmaId: string, change: (file: File) => void): void {
  const { config } = lab.node(kmaId);
  const file = parse(readFileSync(config, 'utf8')) as File;
  change(file);
  writeFileSync(config, stringify(file));
}

const relayOf = (
  source: string,
  destination: string,
  keyIds: readonly string[],
  bytes = 32,
): RelayMessage => ({
  sourceKmaId: source,
  destinationKmaId: destination,
  keys: keyIds.map((keyId) => ({ keyId, key: randomBytes(bytes).toString('base64') })),
});

async function answered(km: NaiveKm, count: number) {
  for (let tries = 0; km.completions.length < count && tries < 500; tries++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(km.completions.length, count, 'it is answered');
  return km.completions.at(-1)!;
}

test('key managers of another make are source, transit and destination beside ours', {
  timeout: 180_000,
}, async (t) => {
  const { lab, pki, q, dial } = await labWithStrangers(t);
  const [appA, appC, otherC] = ['app-a', 'app-c', 'other-c'].map((saeId) => applicationOf(lab, saeId));
  t.after(() => {
    for (const application of [appA, appC, otherC]) application!.close();
  });
  let p = new NaiveKm('P');
  await until(lab, 'B', 'the link is ready', (status) => ownKeys(status, 'C') > 100);
  await until(lab, 'C', 'its end as well', (status) => ownKeys(status, 'B') > 100);
  let link = await dialAs(t, p, filesOf(pki, 'P'), dial.port);
  await until(lab, 'B', 'P is up', ({ peers }) => peers.find(({ kma_id }) => kma_id === 'P')?.state === 'up');

  await t.test('Q as destination: applications at A and Q get the same key', async () => {
    await until(lab, 'A', 'the pool with Q is full', (status) => ownKeys(status, 'Q') >= low.high_water_keys);
    const reply = await appA!.encKeys('app-q', 3);
    assert.equal(reply.status, 200, reply.body.toString());
    for (const [id, key] of keysOf(reply.body)) assert.equal(q.keys.get(id)?.key, key);
    const status = await statusOf(lab, 'A');
    assert.equal(status.peers[0]?.protection, 'TLS only, key included');
    const fromA = q.heard.filter(({ from, command }) => from === 'A' && command === RELAY);
    assert.ok(fromA.length > 0 && fromA.every(({ text }) => text.includes('"Source KMA ID":"A"')));
  });

  await t.test(
    'Q as source: its keys are stored for good before it is told so, and each is fetched once',
    async () => {
      const relay = relayOf('Q', 'A', ['Q-1', 'Q-2'], 48);
      q.relay('A', relay);
      assert.deepEqual(await answered(q, 1), { response: 'success' });
      await lab.programs.get('A')!.kill();
      lab.startNode('A');
      const status = await until(lab, 'A', 'Q is up again', ({ peers }) => peers[0]?.state === 'up');
      assert.equal(status.pools.find(({ kma_id }) => kma_id === 'Q')?.foreign_keys, 2);
      const reply = await appA!.decKeys('app-q', ['Q-2']);
      assert.deepEqual([...keysOf(reply.body)], [['Q-2', relay.keys[1]!.key]]);
      await lab.programs.get('A')!.kill();
      lab.startNode('A');
      await until(lab, 'A', 'Q is up again', ({ peers }) => peers[0]?.state === 'up');
      assert.equal((await appA!.decKeys('app-q', ['Q-2'])).status, 400);
      assert.equal((await appA!.decKeys('app-q', ['Q-1', 'Q-2'])).status, 400);
      assert.equal((await appA!.decKeys('app-q', ['Q-1'])).status, 200);
      q.relay('A', relay);
      assert.equal((await answered(q, 2)).response, 'conflict', 'key that was used does not come back');
    },
  );

  await t.test('Q as transit between A and C, both ways', async () => {
    await until(lab, 'A', 'key for C', (status) => ownKeys(status, 'C') > 10);
    await until(lab, 'C', 'key for A', (status) => ownKeys(status, 'A') > 10);
    for (const [master, slave, masterId, slaveId] of [
      [appA!, appC!, 'app-a', 'app-c'],
      [appC!, appA!, 'app-c', 'app-a'],
    ] as const) {
      const sent = await master.encKeys(slaveId, 2);
      assert.equal(sent.status, 200, sent.body.toString());
      const found = await slave.decKeys(masterId, keyIdsOf(sent));
      assert.deepEqual(keysOf(found.body), keysOf(sent.body));
    }
  });

  for (const spelling of SPELLINGS)
    await t.test(`P as source, spelling "${spelling}", through B to C`, async () => {
      const before = (await statusOf(lab, 'B')).peers.find(({ kma_id }) => kma_id === 'P');
      link.socket.destroy();
      p = new NaiveKm('P', spelling, p.keys);
      link = await dialAs(t, p, filesOf(pki, 'P'), dial.port);
      const up = (status: Awaited<ReturnType<typeof statusOf>>) => {
        const peer = status.peers.find(({ kma_id }) => kma_id === 'P');
        return peer?.state === 'up' && peer.connects > (before?.connects ?? 0);
      };
      await until(lab, 'B', 'P is up', up);
      const relay = relayOf('P', 'C', [`${spelling} 1`, randomUUID().toUpperCase(), `${spelling} 3`]);
      p.relay('B', { ...relay, transitKmaIds: ['B'], keyRelayRequestId: 'mine', extension: [{ a: 1 }] });
      assert.deepEqual(await answered(p, 1), { response: 'success', keyRelayRequestId: 'mine' });
      const bare = relayOf('P', 'C', [`${spelling} bare`], 16);
      p.relay('B', bare);
      assert.deepEqual(await answered(p, 2), { response: 'success' });
      const ids = [...relay.keys, ...bare.keys].map(({ keyId }) => keyId);
      assert.equal((await otherC!.decKeys('app-p', ids)).status, 401, 'app-c alone may have them');
      const reply = await appC!.decKeys('app-p', ids);
      assert.deepEqual(
        [...keysOf(reply.body).values()],
        [...relay.keys, ...bare.keys].map(({ key }) => key),
      );
      assert.equal((await appC!.decKeys('app-p', ids.slice(0, 1))).status, 400, 'once');
    });

  await t.test('P as destination of C, through B', async () => {
    await until(lab, 'C', 'key for P', (status) => ownKeys(status, 'P') > 0);
    const reply = await appC!.encKeys('app-p', 1);
    const [[id, key]] = [...keysOf(reply.body)] as [[string, string]];
    assert.equal(p.keys.get(id)?.key, key);
  });

  await t.test('where no key may go over a plain link, none does', async () => {
    const r = new NaiveKm('R');
    const { socket } = await dialAs(t, r, filesOf(pki, 'R'), dial.port);
    const { refused } = (await statusOf(lab, 'B')).relay.transit;
    r.relay('B', { ...relayOf('R', 'C', ['1']), keyRelayRequestId: 'x' });
    assert.deepEqual(await answered(r, 1), { response: 'refused_by_policy', keyRelayRequestId: 'x' });
    p.relay('B', { ...relayOf('P', 'R', ['1']), keyRelayRequestId: 'y' });
    assert.equal((await answered(p, 3)).response, 'refused_by_policy');
    assert.ok(r.heard.every(({ command }) => command !== RELAY));
    const status = await statusOf(lab, 'B');
    assert.equal(status.peers.find(({ kma_id }) => kma_id === 'R')?.protection, 'TLS only, no key');
    assert.ok(status.relay.transit.refused > refused);
    socket.destroy();
  });

  await t.test('a peer that speaks the other protocol is refused, and the log says why', async () => {
    link.socket.destroy();
    await until(
      lab,
      'B',
      'P is gone',
      ({ peers }) => peers.find(({ kma_id }) => kma_id === 'P')?.state === 'down',
    );
    const wrong = await dialAs(t, new NaiveKm('P'), filesOf(pki, 'P'), dial.port, ['keyferry/1']);
    await wrong.ended;
    await lab.programs.get('A')!.stop();
    const plainA = await dialAs(t, new NaiveKm('A'), filesOf(pki, 'A'), dial.port);
    await plainA.ended;
    const reasons = logOf(lab, 'B')
      .filter((line) => line['event'] === 'kx.peer.refused')
      .map((line) => `${line['peer']}: ${line['reason']}`);
    assert.deepEqual(reasons, [
      'P: the peer agreed on keyferry/1, though it is configured as a plain one',
      'A: the peer did not agree on keyferry/1, and is not configured as a plain one',
    ]);
    const status = await statusOf(lab, 'B');
    assert.match(status.peers.find(({ kma_id }) => kma_id === 'P')!.last_down!, /agreed on keyferry/);
  });
});
