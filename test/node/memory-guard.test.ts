import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guardMemory, memoryStatus, memoryWarnings } from '../../src/agent/memory-guard.ts';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { Lines } from '../store/temp-store.ts';

const PIECE = 16 << 20;
const codes = (log: Lines) => log.of('agent.memory_unguarded').map(({ fields }) => fields['code']);

test('where memory cannot be taken out of core dumps, the log and the status say so, and what to do', () => {
  const log = new Lines();
  guardMemory(log, '/proc/self/no-such-file');
  assert.deepEqual(codes(log), ['host.core_filter']);
  assert.equal(memoryStatus().in_core_dumps, true);
  assert.match(memoryWarnings().join(), /core dumps.*LimitCORE=0/);
});

test('where it can, the status says so', () => {
  const log = new Lines();
  guardMemory(log);
  assert.ok(!codes(log).includes('host.core_filter'));
  assert.equal(memoryStatus().in_core_dumps, false);
});

test('beyond the bound secrets lie in ordinary memory, which is said once, and is so no longer than they are there', () => {
  const log = new Lines();
  guardMemory(log);
  const secrets: SecretBytes[] = [];
  while (secrets.length < limits.secretBytesMax / PIECE + 1) secrets.push(SecretBytes.alloc(PIECE));
  for (const [i, secret] of secrets.entries()) secret.view().fill(i + 1, 0, 64);
  for (const [i, secret] of secrets.entries()) assert.equal(secret.view()[63], i + 1);
  assert.ok(memoryStatus().guarded_bytes <= limits.secretBytesMax);
  assert.ok(memoryStatus().unguarded_bytes >= PIECE);
  assert.ok(memoryWarnings().some((warning) => warning.includes('no more guarded memory')));
  for (const secret of secrets) secret.wipe();
  assert.equal(memoryStatus().unguarded_bytes, 0);
  assert.ok(memoryStatus().guarded_bytes < 2 * PIECE, 'it was given back');
  assert.equal(codes(log).filter((code) => code === 'host.memory_not_guarded').length, 1);
});
