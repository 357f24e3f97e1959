import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { callAgent } from '../../src/cli/control-client.ts';
import { type Controlled, startControl } from '../../src/control/server.ts';
import { Lines } from '../store/temp-store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-control-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('what nobody has foreseen is answered as a fault of ours, and the agent goes on answering', async () => {
  const log = new Lines();
  const fail = () => Promise.reject(new Error('ENOSPC: no space left on device'));
  const controlled = { rotate: fail, keys: () => ({ pools: [] }) } as unknown as Controlled;
  const socket = join(folder, 'control.sock');
  const stop = await startControl(socket, controlled, log);
  try {
    await assert.rejects(callAgent(socket, 'POST', '/v1/node-key', { file: '/x' }), {
      code: 'us.unexpected',
      message: /no space left on device/,
    });
    assert.equal(log.of('control.failed').length, 1);
    assert.deepEqual(await callAgent(socket, 'GET', '/v1/keys'), { pools: [] });
  } finally {
    await stop();
  }
});

test('a directory that cannot be made is a fault of the host, with its remedy', async () => {
  writeFileSync(join(folder, 'file'), '');
  const socket = join(folder, 'file/keyferry/control.sock');
  await assert.rejects(startControl(socket, {} as Controlled, new Lines()), {
    code: 'host.control_failed',
    remedy: /writable/,
  });
});
