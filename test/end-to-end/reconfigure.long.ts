import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Reloaded } from '../../src/agent/reload.ts';
import { callAgent } from '../../src/cli/control-client.ts';
import { type Application, keyIdsOf, type Reply } from '../../src/cli/demo/application.ts';
import type { Lab } from '../../src/cli/demo/lab.ts';
import type { AgentError } from '../../src/errors.ts';
import { applicationOf, labFor, logOf, ownKeys, startAll, statusOf, until } from './lab.ts';

const reload = (lab: Lab, kmaId: string) => callAgent<Reloaded>(lab.node(kmaId).socket, 'POST', '/v1/reload');

/** Writes another configuration for a node. */
function edit(lab: Lab, kmaId: string, from: string | RegExp, to: string): void {
  const { config } = lab.node(kmaId);
  const text = readFileSync(config, 'utf8');
  const edited = text.replace(from, to);
  assert.notEqual(edited, text, `${from} is in ${config}`);
  writeFileSync(config, edited);
}

async function connectsOf(lab: Lab, kmaId: string): Promise<Record<string, number>> {
  const { peers } = await statusOf(lab, kmaId);
  return Object.fromEntries(peers.map(({ kma_id, connects }) => [kma_id, connects]));
}

const opened = (lab: Lab, kmaId: string, link: string) =>
  logOf(lab, kmaId).filter((line) => line['event'] === 'module.open' && line['link'] === link).length;

test('a changed configuration is taken while the node runs; what stays as it was goes on', async (t) => {
  const lab = await labFor(t, { lowWater: 50, highWater: 100 });
  startAll(lab);
  await until(lab, 'A', 'there is key for C', (status) => ownKeys(status, 'C') >= 50);
  /** Over a connection of its own: those that stand end with a reload. */
  const ask = async (saeId: string, what: (application: Application) => Promise<Reply>) => {
    const application = applicationOf(lab, saeId);
    try {
      return await what(application);
    } finally {
      application.close();
    }
  };
  const take = (number: number) => ask('app-a', (master) => master.encKeys('app-c', number));
  /** Both ends get the same key. */
  const share = async () => {
    const taken = await take(2);
    assert.equal(taken.status, 200, String(taken.body));
    const opened = await ask('app-c', (slave) => slave.decKeys('app-a', keyIdsOf(taken)));
    assert.equal(opened.status, 200);
  };
  await share();

  await t.test('nothing has changed: nothing is touched', async () => {
    assert.deepEqual((await reload(lab, 'B')).changed, []);
    assert.deepEqual(await connectsOf(lab, 'B'), { A: 1, C: 1 });
    assert.deepEqual([opened(lab, 'B', 'A'), opened(lab, 'B', 'C')], [1, 1]);
  });

  await t.test('an application is taken away, and given back', async () => {
    const entry = '    - sae_id: app-c\n      kma_id: C\n';
    edit(lab, 'A', entry, '');
    assert.deepEqual((await reload(lab, 'A')).changed, ['supply.applications']);
    assert.equal((await take(1)).status, 400);
    edit(lab, 'A', '  applications:\n', `  applications:\n${entry}`);
    await reload(lab, 'A');
    await share();
  });

  await t.test('the most of one request, the log and the water marks of a pool', async () => {
    edit(lab, 'A', 'supply:\n', 'supply:\n  max_keys_per_request: 1\n');
    edit(lab, 'A', 'level: info', 'level: debug');
    edit(
      lab,
      'A',
      /low_water_keys: 50\n +high_water_keys: 100/,
      'low_water_keys: 300\n    high_water_keys: 400',
    );
    const { changed, config_sha256 } = await reload(lab, 'A');
    assert.deepEqual(changed, ['log.level', 'supply.max_keys_per_request', 'pools']);
    assert.match(config_sha256!, /^[0-9a-f]{64}$/);
    assert.equal((await take(2)).status, 400);
    assert.equal((await take(1)).status, 200);
    await until(lab, 'A', 'the pool is filled higher', (status) => ownKeys(status, 'C') >= 300);
    await until(lab, 'A', 'there is more in the log', () =>
      logOf(lab, 'A').some(({ level }) => level === 'debug'),
    );
    edit(lab, 'A', '  max_keys_per_request: 1\n', '');
    await reload(lab, 'A');
  });

  await t.test('a link: its module is opened and its connection made anew, and no other', async () => {
    edit(lab, 'B', 'qber_max: 0.08', 'qber_max: 0.07');
    assert.deepEqual((await reload(lab, 'B')).changed, ['links A']);
    await until(lab, 'B', 'the module is open', ({ links }) =>
      links.every(({ state, blocks_synchronised }) => state === 'open' && blocks_synchronised > 0),
    );
    await until(lab, 'B', 'A is back', ({ peers }) => peers.every(({ state }) => state === 'up'));
    assert.deepEqual(await connectsOf(lab, 'B'), { A: 2, C: 1 });
    assert.deepEqual([opened(lab, 'B', 'A'), opened(lab, 'B', 'C')], [2, 1]);
    const { relay } = await statusOf(lab, 'A');
    await until(lab, 'A', 'relays go on', (now) => now.relay.source.succeeded >= relay.source.succeeded);
    await share();
  });

  await t.test('a neighbour and its link are taken away, and given back', async () => {
    const { config } = lab.node('B');
    const before = readFileSync(config, 'utf8');
    edit(lab, 'B', '    - kma_id: C\n', '');
    edit(lab, 'B', / {2}- peer: C\n(?: {4}.*\n)+/, '');
    assert.deepEqual((await reload(lab, 'B')).changed, ['kx.peers C', 'links C']);
    assert.deepEqual(await connectsOf(lab, 'B'), { A: 2 });
    await until(lab, 'C', 'it has lost B', ({ peers }) => peers[0]!.state === 'down');
    await assert.rejects(callAgent(lab.node('A').socket, 'POST', '/v1/relay', { destination: 'C', keys: 1 }));
    writeFileSync(config, before);
    assert.deepEqual((await reload(lab, 'B')).changed, ['kx.peers C', 'links C']);
    await until(lab, 'B', 'C is back', ({ peers, links }) =>
      [...peers, ...links].every(({ state }) => state === 'up' || state === 'open'),
    );
    await callAgent(lab.node('A').socket, 'POST', '/v1/relay', { destination: 'C', keys: 1 });
    assert.equal((await connectsOf(lab, 'B'))['A'], 2);
    await share();
  });

  await t.test(
    'what cannot change is named, what is wrong is explained, and all goes on as it was',
    async () => {
      const { config } = lab.node('A');
      const before = readFileSync(config, 'utf8');
      const connects = await connectsOf(lab, 'A');
      const refuses = async (code: string, message: RegExp) => {
        await assert.rejects(reload(lab, 'A'), (error: AgentError) => {
          assert.equal(error.code, code);
          assert.match(error.message, message);
          return true;
        });
        writeFileSync(config, before);
      };
      edit(lab, 'A', 'data_directory: A/data', 'data_directory: A/other');
      edit(lab, 'A', 'qber_max: 0.08', 'qber_max: 0.01');
      await refuses('configuration.needs_restart', /data_directory has changed/);
      edit(lab, 'A', 'qber_max: 0.08', 'qber_max: 8');
      await refuses('configuration.faults', /qber_max/);
      edit(lab, 'A', 'module_key: ab-A.key', 'module_key: nowhere.key');
      await refuses('configuration.module_key_unreadable', /nowhere\.key/);
      writeFileSync(join(lab.directory, 'garbage.pem'), 'garbage');
      edit(lab, 'A', 'ca: pki/kx-ca.pem', 'ca: garbage.pem');
      await refuses('configuration.reload_refused', /kx\.ca holds no PEM certificate/);
      assert.deepEqual((await reload(lab, 'A')).changed, []);
      assert.deepEqual(await connectsOf(lab, 'A'), connects);
      assert.equal(opened(lab, 'A', 'B'), 1);
      await share();
    },
  );

  for (const { kmaId } of lab.nodes)
    assert.deepEqual(
      logOf(lab, kmaId).filter(({ level }) => level === 'error'),
      [],
    );
});
