import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolvePaths } from '../../src/config/resolve-paths.ts';
import type { Config } from '../../src/config/schema.ts';
import { warnings } from '../../src/config/summary.ts';
import type { Log } from '../../src/env/log.ts';
import { openTlsKeyLog } from '../../src/node/tls-key-log.ts';

function recording(): { log: Log; events: string[] } {
  const events: string[] = [];
  const add = (level: string) => (event: string) => void events.push(`${level} ${event}`);
  const log: Log = {
    debug: add('debug'),
    info: add('info'),
    warn: add('warn'),
    error: add('error'),
    with: () => log,
  };
  return { log, events };
}

test('the key log is for its owner alone, is said aloud, and keeps nothing of a line in memory', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-keylog-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'kx.keylog');
  const { log, events } = recording();
  const keyLog = openTlsKeyLog(path, log);
  assert.deepEqual(events, ['warn kx.lab_tls_keylog']);
  const line = Buffer.from('CLIENT_RANDOM 00 11\n');
  keyLog.write(line);
  assert.equal(readFileSync(path, 'utf8'), 'CLIENT_RANDOM 00 11\n');
  assert.ok(line.every((byte) => byte === 0));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  keyLog.close();
  openTlsKeyLog(path, log).close();
  assert.equal(readFileSync(path, 'utf8'), 'CLIENT_RANDOM 00 11\n', 'what is there is kept');
});

test('a file that others may read, or that cannot be written, is refused', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-keylog-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'kx.keylog');
  writeFileSync(path, '');
  chmodSync(path, 0o640);
  const { log, events } = recording();
  assert.throws(() => openTlsKeyLog(path, log), { code: 'host.keylog_unwritable' });
  assert.throws(() => openTlsKeyLog(join(directory, 'none', 'x'), log), { code: 'host.keylog_unwritable' });
  assert.deepEqual(events, []);
});

test('the setting starts at the configuration file, and is warned about', () => {
  const config = {
    kx: { certificate: 'c', private_key: 'k', ca: 'a', lab_tls_keylog: 'keys.log' },
    node_key: { credential: 'x' },
    audit: {},
    ...{ data_directory: 'd', control: { socket: 's' }, links: [] },
  } as unknown as Config;
  const resolved = resolvePaths(config, '/etc/keyferry');
  assert.equal(resolved.kx.lab_tls_keylog, '/etc/keyferry/keys.log');
  assert.match(warnings(resolved)[0] ?? '', /TLS secrets .* \/etc\/keyferry\/keys\.log/);
  const { lab_tls_keylog: _, ...kx } = config.kx;
  assert.deepEqual(warnings({ ...config, kx }), []);
});
