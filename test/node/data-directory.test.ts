import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDataDirectory } from '../../src/node/data-directory.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { directoryFor, Lines } from '../store/temp-store.ts';

const notRoot = process.getuid?.() === 0 ? false : 'missing: root, who alone may give a folder away';

test('a data directory is made for its owner alone, whatever the umask', (t) => {
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const path = join(directoryFor(t), 'a', 'data');
  openDataDirectory(systemDisk, path, new Lines());
  assert.equal(fs.statSync(path).mode & 0o777, 0o700);
});

test('one that others may write is refused, one that others may read is warned of', (t) => {
  const path = directoryFor(t);
  for (const mode of [0o770, 0o707, 0o720, 0o777]) {
    fs.chmodSync(path, mode);
    assert.throws(() => openDataDirectory(systemDisk, path, new Lines()), {
      code: 'host.data_directory_unsafe',
    });
  }
  for (const [mode, warnings] of [
    [0o700, 0],
    [0o750, 1],
    [0o711, 1],
  ] as const) {
    const log = new Lines();
    fs.chmodSync(path, mode);
    openDataDirectory(systemDisk, path, log);
    assert.deepEqual(
      log.of('data_directory.open').map(({ fields }) => fields['code']),
      Array.from({ length: warnings }, () => 'host.data_directory_open'),
    );
  }
});

test('one that belongs to somebody else is refused', { skip: notRoot }, (t) => {
  const path = directoryFor(t);
  fs.chownSync(path, 65_534, 65_534);
  assert.throws(() => openDataDirectory(systemDisk, path, new Lines()), {
    code: 'host.data_directory_unsafe',
    message: /belongs to user 65534/,
  });
});

test('one that cannot be made says why', (t) => {
  const path = join(directoryFor(t), 'file');
  fs.writeFileSync(path, '');
  assert.throws(() => openDataDirectory(systemDisk, join(path, 'data'), new Lines()), {
    code: 'host.data_directory_unusable',
    message: /ENOTDIR/,
  });
});

test('one that may not be made where it is said to be comes to an end, and says so', () => {
  assert.throws(() => openDataDirectory(systemDisk, '/proc/nope/data', new Lines()), {
    code: 'host.data_directory_unusable',
    message: /ENOENT/,
  });
});
