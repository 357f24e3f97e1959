import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { type Collector, Shipper } from '../../src/audit/shipper.ts';
import type { Disk } from '../../src/env/disk.ts';
import { systemClock } from '../../src/node/clock.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { pkiPaths } from '../../src/pki/directory.ts';
import { initPki, issueNode } from '../../src/pki/pki.ts';
import { until } from '../manual-clock.ts';
import { directoryFor, Lines } from '../store/temp-store.ts';
import { Collected } from './collected.ts';
import { event, type TestTrail, trailFor } from './trail-for.ts';

const RSYSLOGD = ['/usr/sbin/rsyslogd', '/usr/bin/rsyslogd'].find((path) => existsSync(path));

function shipperFor(
  t: TestContext,
  directory: string,
  made: TestTrail,
  collector: Collector,
  disk: Disk = systemDisk,
): Shipper {
  const { trail: audit } = made;
  const log = new Lines();
  const shipper = new Shipper({
    disk,
    directory,
    kmaId: 'A',
    collector,
    audit,
    clock: systemClock,
    log,
    acknowledgeMs: 200,
  });
  t.after(() => shipper.stop());
  shipper.start();
  return shipper;
}

const numbers = (to: number): number[] => Array.from({ length: to }, (_, i) => i + 1);

test('every line comes as an RFC 5424 message with its octets counted, and is acknowledged by the end of the connection', async (t) => {
  const directory = directoryFor(t);
  const made = trailFor(t, directory);
  const collected = new Collected(t);
  const port = await collected.listen();
  for (let i = 0; i < 50; i++) made.trail.record(event(i, { reason: 'ä' }));
  made.trail.record(event(50, { outcome: 'refused' }));
  const head = await made.trail.seal();
  const shipper = shipperFor(t, directory, made, { host: '127.0.0.1', port });
  await until('all is acknowledged', () => shipper.acknowledged === head!.seq);
  assert.deepEqual(collected.seqs, numbers(head!.seq));
  const file = readFileSync(join(directory, 'audit-0000000000000001.jsonl'), 'utf8');
  assert.deepEqual(collected.lines, file.trimEnd().split('\n'));
  const form = /^<110>1 2026-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z A keyferry \d+ supply\.enc_keys - \{"seq":3,/;
  assert.match(collected.messages[2]!, form);
  assert.match(collected.messages[51]!, /^<108>1 /);
  assert.deepEqual(JSON.parse(readFileSync(join(directory, 'shipped.json'), 'utf8')), { seq: head!.seq });
});

test('what was under way when a connection broke comes again, and nothing is left out, over a restart too', async (t) => {
  const directory = directoryFor(t);
  const made = trailFor(t, directory, { maxBytes: 64 << 20 });
  const collected = new Collected(t);
  const port = await collected.listen();
  let shipper = shipperFor(t, directory, made, { host: '127.0.0.1', port });
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 3_000; i++) made.trail.record(event(i));
    await made.trail.seal();
    await new Promise((resolve) => setTimeout(resolve, 120));
    collected.cut();
    if (round !== 3) continue;
    await shipper.stop();
    shipper = shipperFor(t, directory, made, { host: '127.0.0.1', port });
  }
  const { seq } = (await made.trail.seal())!;
  await until('all is acknowledged', () => shipper.acknowledged === seq, 20_000);
  assert.deepEqual(
    [...new Set(collected.seqs)].sort((a, b) => a - b),
    numbers(seq),
  );
});

test('a collector that hears nothing acknowledges nothing, and one that is away is waited for', async (t) => {
  const directory = directoryFor(t);
  const made = trailFor(t, directory);
  const collected = new Collected(t);
  collected.deaf = true;
  const port = await collected.listen();
  made.trail.record(event(1));
  await made.trail.seal();
  const shipper = shipperFor(t, directory, made, { host: '127.0.0.1', port });
  await until('it is connected', () => collected.connections > 0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(shipper.acknowledged, 0);
  collected.cut();
  collected.server.close();
  await until('it is missed', () => shipper.failure?.includes('ECONNREFUSED'));
  const later = new Collected(t);
  await later.listen(port);
  await until('all is acknowledged', () => shipper.acknowledged === 3);
  assert.deepEqual(later.seqs, [1, 2, 3]);
});

test('lines that were removed before they were shipped are on record as such', async (t) => {
  const directory = directoryFor(t);
  const made = trailFor(t, directory);
  for (let i = 0; i < 8_000; i++) made.trail.record(event(i));
  await made.trail.seal();
  const collected = new Collected(t);
  const port = await collected.listen();
  const shipper = shipperFor(t, directory, made, { host: '127.0.0.1', port });
  await until('some is acknowledged', () => shipper.acknowledged > 0);
  const told = /"what":"audit\.not_shipped".*"from_seq":1,"to_seq":(\d+)/;
  await until('the gap is told', () => collected.lines.some((line) => told.test(line)));
  const to = Number(collected.lines.map((line) => told.exec(line)?.[1]).find(Boolean));
  assert.equal(collected.seqs[0], to + 1);
});

test('that lines were removed is on record once, however often a collector that is away is tried', async (t) => {
  const directory = directoryFor(t);
  const made = trailFor(t, directory);
  for (let i = 0; i < 8_000; i++) made.trail.record(event(i));
  await made.trail.seal();
  const broken = new Collected(t);
  broken.server.on('connection', (socket) => socket.destroy());
  const port = await broken.listen();
  const shipper = shipperFor(t, directory, made, { host: '127.0.0.1', port });
  await until('it was tried several times', () => broken.connections >= 4);
  assert.equal(shipper.acknowledged, 0);
  await made.trail.seal();
  const trail = readdirSync(directory)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('');
  assert.equal(trail.match(/"what":"audit\.not_shipped"/g)?.length, 1);
});

test('a collector that is away is tried without reading the trail again', async (t) => {
  const directory = directoryFor(t);
  const made = trailFor(t, directory);
  made.trail.record(event(1));
  await made.trail.seal();
  writeFileSync(join(directory, 'shipped.json'), JSON.stringify({ seq: 1 }));
  const away = new Collected(t);
  away.server.on('connection', (socket) => socket.destroy());
  const port = await away.listen();
  let looked = 0;
  const disk: Disk = {
    ...systemDisk,
    readSync: ((file: number, into: Buffer, at: number, length: number, position: number) => {
      // A look for the place reads the file from its beginning, in large pieces; shipping, the lines from there on.
      if (length === 1 << 20 && position === 0) looked += 1;
      return systemDisk.readSync(file, into, at, length, position);
    }) as Disk['readSync'],
  };
  shipperFor(t, directory, made, { host: '127.0.0.1', port }, disk);
  await until('it was tried several times', () => away.connections >= 4);
  assert.equal(looked, 1);
});

async function authority(t: TestContext): Promise<{ ca: Buffer; cert: Buffer; key: Buffer }> {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-syslog-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  await initPki(directory);
  await issueNode(directory, 'A');
  const { supplyCertificate, supplyKey } = pkiPaths(directory).node('A');
  const { certificate } = pkiPaths(directory).applicationAuthority;
  return {
    ca: readFileSync(certificate),
    cert: readFileSync(supplyCertificate),
    key: readFileSync(supplyKey),
  };
}

test('over TLS the collector has to prove itself, whatever the environment says', async (t) => {
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  t.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
  const directory = directoryFor(t);
  const made = trailFor(t, directory);
  made.trail.record(event(1));
  await made.trail.seal();
  const { ca, cert, key } = await authority(t);
  const collected = new Collected(t, createTlsServer({ cert, key }));
  const port = await collected.listen();
  const stranger = shipperFor(t, directory, made, {
    host: '127.0.0.1',
    port,
    tls: { ca: (await authority(t)).ca },
  });
  await until('a stranger is refused', () => /certificate|self.signed|issuer/i.test(stranger.failure ?? ''));
  assert.deepEqual(collected.messages, []);
  stranger.use({ ca });
  await until('it is none with another authority', () => stranger.acknowledged === 3);
  assert.deepEqual(collected.seqs, [1, 2, 3]);
});

const skip = RSYSLOGD === undefined ? 'rsyslogd is not installed' : false;

test('a real rsyslogd takes every line, over its own restart', { skip }, async (t) => {
  const directory = directoryFor(t);
  const made = trailFor(t, directory);
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  const out = join(directory, 'collected');
  const settings = join(directory, 'rsyslog.conf');
  writeFileSync(
    settings,
    `global(workDirectory="${directory}" maxMessageSize="64k")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="${port}")
template(name="line" type="string" string="%syslogfacility-text% %syslogseverity-text% %hostname% %app-name% %msgid% %msg%\\n")
action(type="omfile" file="${out}" template="line")
`,
  );
  const start = (): ChildProcess => {
    const pid = join(directory, 'rsyslogd.pid');
    rmSync(pid, { force: true });
    return spawn(RSYSLOGD!, ['-n', '-f', settings, '-i', pid], { stdio: 'ignore' });
  };
  let daemon = start();
  t.after(() => daemon.kill('SIGKILL'));
  const shipper = shipperFor(t, directory, made, { host: '127.0.0.1', port });
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 500; i++) made.trail.record(event(i));
    const { seq } = (await made.trail.seal())!;
    await until('all is acknowledged', () => shipper.acknowledged === seq, 20_000);
    const stopped = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    await stopped;
    daemon = start();
  }
  const { seq } = (await made.trail.seal())!;
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
  const trail = readFileSync(join(directory, 'audit-0000000000000001.jsonl'), 'utf8').trimEnd().split('\n');
  const seen = new Map(lines.map((line) => [Number(/"seq":(\d+)/.exec(line)?.[1]), line]));
  for (let i = 1; i <= seq && i <= trail.length; i++)
    assert.ok(seen.get(i)?.endsWith(trail[i - 1]!), `line ${i}: ${seen.get(i)}`);
  assert.match(seen.get(5)!, /^\S+ info A keyferry supply\.enc_keys /);
  t.diagnostic(
    `${execFileSync(RSYSLOGD!, ['-v'], { encoding: 'utf8' }).split('\n')[0]}, ${lines.length} messages of ${seq} lines`,
  );
});
