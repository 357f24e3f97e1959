import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Disk } from '../../src/env/disk.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { systemEntropy } from '../../src/node/entropy.ts';
import {
  commissionNodeKey,
  destroyNodeKey,
  loadNodeKey,
  type NodeKeySource,
} from '../../src/node/node-key.ts';

const KEY = Buffer.from(Array.from({ length: 32 }, (_, i) => i * 7));

function directoryFor(t: TestContext): {
  directory: string;
  put(name: string, content: Buffer | string): string;
} {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-node-key-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const put = (name: string, content: Buffer | string): string => {
    const path = join(directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  return { directory, put };
}

function load(source: NodeKeySource, directory: string): Buffer {
  using key = loadNodeKey(systemDisk, source, directory, systemEntropy);
  return Buffer.from(key.view());
}

test('a node key file holds 32 bytes or 64 hexadecimal digits', (t) => {
  const { directory, put } = directoryFor(t);
  for (const content of [KEY, KEY.toString('hex'), `${KEY.toString('hex').toUpperCase()}\n`])
    assert.deepEqual(load({ file: put('key', content) }, directory), KEY);
  for (const content of [KEY.subarray(1), `${KEY.toString('hex')}0`, `${KEY.toString('hex').slice(1)}g`, ''])
    assert.throws(() => load({ file: put('key', content) }, directory), {
      code: 'configuration.node_key_size',
    });
});

test('a node key that others may read is refused, as is one that is not there', (t) => {
  const { directory, put } = directoryFor(t);
  const file = put('key', KEY);
  chmodSync(file, 0o640);
  assert.throws(() => load({ file }, directory), { code: 'configuration.node_key_readable' });
  const missing = join(directory, 'missing');
  assert.throws(() => load({ file: missing }, directory), { code: 'configuration.node_key_unreadable' });
});

test('a passphrase gives the same key again, by its first line and the salt beside the store', (t) => {
  const { directory, put } = directoryFor(t);
  const first = load({ passphrase_file: put('phrase', 'correct horse\nsecond line\n') }, directory);
  assert.equal(first.length, 32);
  assert.equal(statSync(join(directory, 'node-key.salt')).mode & 0o777, 0o600);
  assert.deepEqual(load({ passphrase_file: put('phrase', 'correct horse') }, directory), first);
  assert.notDeepEqual(load({ passphrase_file: put('phrase', 'correct horsf') }, directory), first);
  rmSync(join(directory, 'node-key.salt'));
  assert.notDeepEqual(load({ passphrase_file: put('phrase', 'correct horse') }, directory), first);
  assert.throws(() => load({ passphrase_file: put('phrase', '\nlater') }, directory), {
    code: 'configuration.passphrase_empty',
  });
});

test('a salt of a wrong size is refused and stays, and none is made beside a store', (t) => {
  const { directory, put } = directoryFor(t);
  const source = { passphrase_file: put('phrase', 'correct horse') };
  for (const bytes of [0, 15, 17]) {
    const salt = put('node-key.salt', Buffer.alloc(bytes, 7));
    assert.throws(() => load(source, directory), {
      code: 'host.store_salt_damaged',
      remedy: /Put it back .* remove it/,
    });
    assert.equal(statSync(salt).size, bytes);
    rmSync(salt);
  }
  put('keys.sqlite', '');
  assert.throws(() => load(source, directory), { code: 'host.store_salt_missing' });
  assert.deepEqual(readdirSync(directory).sort(), ['keys.sqlite', 'phrase']);
});

test('a salt is made whole or not at all, and never in the place of another', (t) => {
  const { directory, put } = directoryFor(t);
  const source = { passphrase_file: put('phrase', 'correct horse') };
  const full: Disk = {
    ...systemDisk,
    writeFileSync(path, data, options) {
      systemDisk.writeFileSync(path, (data as Buffer).subarray(0, 5), options);
      throw new Error('ENOSPC: no space left on device, write');
    },
  };
  assert.throws(() => loadNodeKey(full, source, directory, systemEntropy), {
    code: 'host.store_salt_failed',
  });
  assert.deepEqual(readdirSync(directory), ['phrase']);
  const key = load(source, directory);
  const salt = readFileSync(join(directory, 'node-key.salt'));
  // As a second process finds it that started a moment before the salt was there.
  const late: Disk = {
    ...systemDisk,
    existsSync: (path) => !`${path}`.endsWith('.salt') && systemDisk.existsSync(path),
  };
  using found = loadNodeKey(late, source, directory, systemEntropy);
  assert.deepEqual(Buffer.from(found.view()), key);
  assert.deepEqual(readFileSync(join(directory, 'node-key.salt')), salt);
  assert.deepEqual(readdirSync(directory).sort(), ['node-key.salt', 'phrase']);
});

test('a node key that cannot be made is a fault of the host, with its remedy', (t) => {
  const { directory } = directoryFor(t);
  const source = { file: join(directory, 'absent/node.key') };
  assert.throws(() => commissionNodeKey(systemDisk, source, systemEntropy), {
    code: 'host.node_key_failed',
    remedy: /Make its directory/,
  });
});

test('a systemd credential is read from the directory that systemd names', (t) => {
  const { directory, put } = directoryFor(t);
  put('node-key', KEY);
  const before = process.env['CREDENTIALS_DIRECTORY'];
  t.after(() => {
    if (before === undefined) delete process.env['CREDENTIALS_DIRECTORY'];
    else process.env['CREDENTIALS_DIRECTORY'] = before;
  });
  process.env['CREDENTIALS_DIRECTORY'] = directory;
  assert.deepEqual(load({ credential: 'node-key' }, directory), KEY);
  const readable = { code: 'configuration.node_key_readable' };
  const path = join(directory, 'node-key');
  chmodSync(path, 0o440);
  assert.throws(() => load({ credential: 'node-key' }, directory), readable);
  // Another's file: with a list of who may read it the group bits are that list's mask.
  if (process.getuid!() === 0) {
    chownSync(path, 4_163, 4_163);
    assert.deepEqual(load({ credential: 'node-key' }, directory), KEY);
    for (const mode of [0o444, 0o460]) {
      chmodSync(path, mode);
      assert.throws(() => load({ credential: 'node-key' }, directory), readable);
    }
  }
  delete process.env['CREDENTIALS_DIRECTORY'];
  assert.throws(() => load({ credential: 'node-key' }, directory), { code: 'configuration.no_credentials' });
});

test('a key file that a zeroization may overwrite and not remove is said to be left, is no key any more, and a new one is made in it', (t) => {
  const { directory, put } = directoryFor(t);
  const file = put('key', KEY);
  const disk: Disk = {
    ...systemDisk,
    rmSync: () => {
      throw new Error('EACCES: permission denied, unlink');
    },
  };
  assert.throws(() => destroyNodeKey(disk, { file }, directory), {
    code: 'host.node_key_left',
    remedy: /Remove it by hand/,
  });
  assert.equal(statSync(file).size, 0);
  assert.throws(() => load({ file }, directory), { code: 'configuration.node_key_size' });
  assert.equal(commissionNodeKey(systemDisk, { file }, systemEntropy), file);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const fresh = load({ file }, directory);
  assert.ok(!fresh.equals(KEY) && !fresh.every((byte) => byte === fresh[0]));
  assert.equal(commissionNodeKey(systemDisk, { file }, systemEntropy), undefined);
  assert.deepEqual(load({ file }, directory), fresh, 'a key that is there stays');
});
