import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import { systemWorld } from '../../src/agent/world.ts';
import { type Agent, startAgent } from '../../src/agent.ts';
import { callAgent } from '../../src/cli/control-client.ts';
import { loadConfig } from '../../src/config/load.ts';
import { makePki, nodeFolder } from '../config/node-folder.ts';
import { until } from '../manual-clock.ts';
import { makeTooLongChain } from '../node/kx-chain.ts';
import { Lines } from '../store/temp-store.ts';

type Node = {
  readonly path: (name: string) => string;
  readonly log: Lines;
  start(): Promise<Agent>;
  order<Answer>(path: string, body?: object): Promise<Answer>;
};

/** A node alone, in this process, with its files in a folder of its own. */
async function nodeFor(t: TestContext): Promise<Node> {
  const { pki, remove } = await makePki();
  const { folder, remove: removeFolder } = nodeFolder(pki);
  const log = new Lines();
  let agent: Agent | undefined;
  t.after(async () => {
    await agent?.stop();
    removeFolder();
    remove();
  });
  const path = (name: string) => join(folder, name);
  const file = path('config.yaml');
  const text = readFileSync(file, 'utf8')
    .replace(/links:\n(?: .*\n)+/, '')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:0')
    .replace(/ +address: .*\n/, '');
  writeFileSync(file, `${text}control:\n  socket: control.sock\n`);
  const fail = (error: Error) => {
    throw error;
  };
  return {
    path,
    log,
    async start() {
      await agent?.stop();
      agent = undefined;
      const origin = { config: loadConfig(file), read: () => ({ config: loadConfig(file) }) };
      agent = await startAgent(systemWorld, origin, log, fail, () => {});
      return agent;
    },
    order: (at, body) => callAgent(path('control.sock'), 'POST', at, body),
  };
}

test('an agent does not start where an application could pass for a key manager', async (t) => {
  const { path, start } = await nodeFor(t);
  copyFileSync(path('kx-ca.pem'), path('application-ca.pem'));
  await assert.rejects(start(), { code: 'configuration.same_ca', message: /supply\.client_ca/ });
});

test('an agent starts with a certificate that nobody believes, and says so', async (t) => {
  const { path, start, log } = await nodeFor(t);
  const other = await nodeFor(t);
  copyFileSync(other.path('kx-ca.pem'), path('kx-ca.pem'));
  await start();
  const said = log
    .of('agent.tls_file_fault')
    .map(({ fields }) => `${String(fields['code'])} ${String(fields['at'])}`);
  assert.deepEqual(said, ['configuration.certificate_issuer kx.certificate']);
});

test('a reload that is refused leaves the node key of before as it was', async (t) => {
  const { path, start, order } = await nodeFor(t);
  await start();
  const names = ['node.key', 'kx.pem', 'kx.key', 'kx-ca.pem'];
  const before = names.map((name) => readFileSync(path(name)));
  const next = randomBytes(32);
  writeFileSync(path('next.key'), next, { mode: 0o600 });
  await order('/v1/node-key', { file: path('next.key') });
  const { certificate, privateKey, ca } = await makeTooLongChain();
  for (const [i, bytes] of [next, certificate, privateKey, ca].entries())
    writeFileSync(path(names[i]!), bytes);
  await assert.rejects(order('/v1/reload'), { code: 'configuration.reload_refused', message: /PATH_LENGTH/ });
  for (const [i, bytes] of before.entries()) writeFileSync(path(names[i]!), bytes);
  await start();
  writeFileSync(path('node.key'), next);
  assert.equal((await order<{ node_keys: number }>('/v1/reload')).node_keys, 1);
  writeFileSync(path('node.key'), before[0]!);
  await assert.rejects(order('/v1/reload'), { code: 'configuration.wrong_node_key' });
});

test('a reload has the collector of the audit trail judged by the files that are there now', async (t) => {
  const { path, start, order } = await nodeFor(t);
  const other = await nodeFor(t);
  const [cert, key] = ['supply.pem', 'supply.key'].map((name) => readFileSync(other.path(name)));
  let seen = 0;
  const collector = createServer({ cert, key }, (socket) => {
    seen += 1;
    socket.on('error', () => {}).resume();
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  t.after(() => collector.close());
  const { port } = collector.address() as AddressInfo;
  copyFileSync(path('application-ca.pem'), path('syslog-ca.pem'));
  const config = readFileSync(path('config.yaml'), 'utf8');
  const syslog = `audit:\n  syslog:\n    address: 127.0.0.1:${port}\n    ca: syslog-ca.pem\n`;
  writeFileSync(path('config.yaml'), `${config}${syslog}`);
  let refusals = 0;
  collector.on('tlsClientError', () => {
    refusals += 1;
  });
  await start();
  await until('it is refused', () => refusals > 0);
  copyFileSync(other.path('application-ca.pem'), path('syslog-ca.pem'));
  await order('/v1/reload');
  await until('it is believed', () => seen > 0);
});
