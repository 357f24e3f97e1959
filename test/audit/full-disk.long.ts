import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { trailFiles } from '../../src/audit/files.ts';
import { verifyTrail } from '../../src/audit/verify.ts';
import type { Audit } from '../../src/env/audit.ts';
import { AgentError } from '../../src/errors.ts';
import { AuditedSupply } from '../../src/ksa/audited-supply.ts';
import { limits } from '../../src/limits.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { RecordingSupply } from '../ksa/recording-supply.ts';
import { until } from '../manual-clock.ts';
import { event, trailFor } from './trail-for.ts';

const skip = process.getuid?.() === 0 ? false : 'a file system of its own needs root';
const DISK_BYTES = 1 << 20;
const pair = { masterSaeId: 'app-a', slaveSaeId: 'app-c' };

/** A disk that is full but for so many bytes; `free` makes room. */
function fullDisk(t: TestContext, room: number): { directory: string; free(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'keyferry-test', directory]);
  t.after(() => {
    execFileSync('umount', ['-l', directory]);
    rmSync(directory, { recursive: true });
  });
  const ballast = join(directory, 'ballast');
  writeFileSync(ballast, Buffer.alloc(DISK_BYTES - room));
  return { directory, free: () => rmSync(ballast) };
}

const supplyWith = (audit: Audit): AuditedSupply => {
  const names = { take: 'supply.enc_keys', find: 'supply.dec_keys' };
  return new AuditedSupply({ applications: new Map(), names }, new RecordingSupply(), audit);
};

test('on a full disk lines wait, half a line at its end among them, and nothing is lost or doubled', {
  skip,
}, async (t) => {
  const { directory, free } = fullDisk(t, 16 << 10);
  const made = trailFor(t, directory);
  for (let i = 0; i < 500; i++) made.trail.record(event(i));
  assert.equal(await made.trail.seal(), undefined);
  assert.match(made.trail.status.failure ?? '', /ENOSPC/);
  assert.equal(made.anchor, undefined);
  assert.equal(made.log.of('audit.not_written').length, 1);
  assert.equal(verifyTrail(systemDisk, directory).fault?.kind, 'unfinished');
  free();
  await until('it goes on by itself', () => made.trail.status.failure === null);
  const head = await made.trail.seal();
  const verdict = verifyTrail(systemDisk, directory, { anchors: [head!] });
  assert.equal(verdict.fault, null);
  assert.ok(verdict.lines >= 502);
  assert.deepEqual([made.trail.status.lost, made.log.of('audit.written_again').length], [0, 1]);
});

test('what can wait no longer is counted, and the gap is on record; with "go_on" key is supplied meanwhile', {
  skip,
}, async (t) => {
  const { directory, free } = fullDisk(t, 16 << 10);
  const made = trailFor(t, directory, { maxBytes: 256 << 20 });
  const long = 'x'.repeat(400);
  const most = Math.ceil(limits.auditQueueBytesMax / 400);
  for (let i = 0; i < most; i++) made.trail.record(event(i, { reason: long }));
  const { lost } = made.trail.status;
  assert.ok(lost > 100, `${lost} lost`);
  assert.equal(made.trail.refusing, false);
  for (const key of await supplyWith(made.trail).take(pair, 1, 256)) key.bytes.wipe();
  free();
  execFileSync('mount', ['-o', 'remount,size=64m', directory]);
  await until(
    'it has room again',
    () => made.trail.status.failure === null && made.trail.status.lost === lost + 1,
  );
  await made.trail.seal();
  made.trail.record(event(0));
  await made.trail.seal();
  assert.equal(verifyTrail(systemDisk, directory).fault, null);
  const text = readFileSync(join(directory, trailFiles(systemDisk, directory).at(-1)!.name), 'utf8');
  const told = /"what":"audit.lost".*"events":(\d+),"since":"/.exec(text);
  assert.equal(Number(told?.[1]), lost + 1);
});

test('with "refuse" applications get no key while the disk takes no records, and get it again afterwards', {
  skip,
}, async (t) => {
  const { directory, free } = fullDisk(t, 0);
  const made = trailFor(t, directory, { whenFull: 'refuse' });
  const supply = supplyWith(made.trail);
  made.trail.record(event(1));
  assert.equal(await made.trail.seal(), undefined);
  const refused = (thrown: unknown) => thrown instanceof AgentError && thrown.code === 'host.audit_full';
  await assert.rejects(supply.take(pair, 1, 256), refused);
  await assert.rejects(supply.find(pair, ['x']), refused);
  free();
  await until('it goes on by itself', () => made.trail.status.failure === null);
  const keys = await supply.take(pair, 1, 256);
  assert.equal(keys.length, 1);
  for (const { bytes } of keys) bytes.wipe();
});
