import assert from 'node:assert/strict';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Link, linkOf } from '../../src/audit/chain/line.ts';
import { trailFiles } from '../../src/audit/files.ts';
import { verifyTrail } from '../../src/audit/verify.ts';
import type { Disk } from '../../src/env/disk.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { until } from '../manual-clock.ts';
import { directoryFor } from '../store/temp-store.ts';
import { chainOf, linkAt, sealerOf, writeTrail } from './lines.ts';
import { event, trailFor } from './trail-for.ts';

const linesIn = (directory: string): Record<string, unknown>[] =>
  trailFiles(systemDisk, directory).flatMap(({ name }) =>
    readFileSync(join(directory, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );
const whatIn = (directory: string) => linesIn(directory).map(({ what }) => what);
const newest = (directory: string) => join(directory, trailFiles(systemDisk, directory).at(-1)!.name);
const stopped = { what: 'agent.stopped', who: 'agent', outcome: 'done' } as const;

test('events are lines of one chain, sealed at its head, readable by their owner alone', async (t) => {
  const directory = join(directoryFor(t), 'audit');
  const made = trailFor(t, directory);
  for (let i = 0; i < 100; i++) made.trail.record(event(i));
  const head = await made.trail.seal();
  using sealer = sealerOf();
  const verdict = verifyTrail(systemDisk, directory, { sealer, anchors: [head!] });
  assert.equal(verdict.fault, null);
  assert.deepEqual([verdict.lines, verdict.sealedTo, verdict.anchorsHeld], [102, 101, 1]);
  assert.deepEqual(made.anchor, head);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.equal(statSync(newest(directory)).mode & 0o777, 0o600);
});

test('lines are on the disk some milliseconds later, and sealed and remembered ten seconds later, unasked', async (t) => {
  const directory = directoryFor(t);
  const made = trailFor(t, directory);
  made.trail.record(event(1));
  await until(
    'it is written',
    () => trailFiles(systemDisk, directory).length > 0 && whatIn(directory).includes('supply.enc_keys'),
  );
  assert.equal(made.anchor, undefined);
  await made.clock.leap(10_000);
  await until('it is remembered', () => made.anchor !== undefined);
  assert.equal(whatIn(directory).at(-1), 'audit.seal');
});

test('an agent goes on with the chain of the one before, and says how that one ended', async (t) => {
  const directory = directoryFor(t);
  let anchor: Link | undefined;
  for (const [i, before] of ['none', 'stopped', 'crashed'].entries()) {
    const made = trailFor(t, directory, { anchor });
    assert.equal(made.trail.opened.before, before);
    made.trail.record({ what: 'agent.started', who: 'agent', outcome: 'done' });
    made.trail.record(event(i));
    if (before === 'none') await made.trail.stop(stopped);
    await made.trail.seal();
    anchor = made.anchor;
    await made.trail.end();
  }
  assert.equal(verifyTrail(systemDisk, directory, { anchors: [anchor!] }).fault, null);
  assert.equal(trailFiles(systemDisk, directory).length, 1);
});

test('files take turns, the oldest go, and both are on record: the trail is whole and never too long', async (t) => {
  const directory = directoryFor(t);
  const made = trailFor(t, directory);
  for (let i = 0; i < 12_000; i++) {
    made.trail.record(event(i));
    if (i % 1_000 === 0) await made.trail.seal();
  }
  const head = await made.trail.seal();
  const files = trailFiles(systemDisk, directory);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  assert.ok(bytes <= 1 << 20 && bytes > 700_000, `${bytes} bytes in ${files.length} files`);
  using sealer = sealerOf();
  const verdict = verifyTrail(systemDisk, directory, { sealer, anchors: [head!] });
  assert.equal(verdict.fault, null);
  assert.ok(verdict.removedTo! > 5_000 && verdict.first === verdict.removedTo! + 1);
  rmSync(join(directory, files[0]!.name));
  assert.equal(verifyTrail(systemDisk, directory).fault?.kind, 'beginning');
  rmSync(join(directory, files[3]!.name));
  assert.equal(verifyTrail(systemDisk, directory).fault?.kind, 'missing');
});

test('the bound holds over restarts', async (t) => {
  const directory = directoryFor(t);
  let anchor: Link | undefined;
  for (let run = 0; run < 5; run++) {
    const made = trailFor(t, directory, { anchor });
    for (let i = 0; i < 2_000; i++) made.trail.record(event(i));
    await made.trail.seal();
    await made.trail.end();
    anchor = made.anchor;
  }
  const verdict = verifyTrail(systemDisk, directory, { anchors: [anchor!] });
  assert.equal(verdict.fault, null);
  assert.ok(verdict.removedTo !== null);
});

for (const [how, tear] of Object.entries({
  'half a line': (path: string) => truncateSync(path, statSync(path).size - 70),
  'a line without its newline': (path: string) => truncateSync(path, statSync(path).size - 1),
  'a line of zeros, as a loss of power may leave it': (path: string) =>
    appendFileSync(path, Buffer.alloc(300)),
})) {
  test(`${how} at the end is mended, put on record, and the chain goes on`, async (t) => {
    const directory = directoryFor(t);
    const lines = chainOf(20);
    tear(writeTrail(directory, lines));
    const made = trailFor(t, directory, { anchor: linkAt(lines, 15) });
    made.trail.record(event(1));
    const head = await made.trail.seal();
    assert.equal(verifyTrail(systemDisk, directory, { anchors: [head!, linkAt(lines, 15)] }).fault, null);
    assert.equal(whatIn(directory).includes('audit.torn'), how !== 'a line without its newline');
    assert.equal(trailFiles(systemDisk, directory).length, 1);
  });
}

test('lines that were cut off while no agent ran are missed by the store, and stay missing', async (t) => {
  const directory = directoryFor(t);
  const lines = chainOf(20);
  writeTrail(directory, lines.slice(0, 12));
  const made = trailFor(t, directory, { anchor: linkAt(lines, 18) });
  await made.trail.seal();
  assert.deepEqual(made.log.of('audit.missing')[0]?.fields['from_seq'], 13);
  const { fault } = verifyTrail(systemDisk, directory);
  assert.deepEqual([fault?.kind, fault?.seq], ['missing', 13]);
  assert.ok(whatIn(directory).includes('audit.missing'));
});

test('a trail that is gone as a whole is missed by the store', async (t) => {
  const directory = directoryFor(t);
  const made = trailFor(t, directory, { anchor: linkAt(chainOf(20), 20) });
  await made.trail.seal();
  assert.equal(verifyTrail(systemDisk, directory).fault?.kind, 'beginning');
});

test('a line that was changed while no agent ran is neither cut off nor mended', async (t) => {
  const directory = directoryFor(t);
  const lines = chainOf(20);
  for (const at of [7, 19]) {
    rmSync(directory, { recursive: true });
    const changed = lines.map((line, i) => (i === at ? line.replace('"done"', '"fail"') : line));
    writeTrail(directory, changed);
    const made = trailFor(t, directory, { anchor: linkAt(lines, 15) });
    await made.trail.seal();
    const { fault } = verifyTrail(systemDisk, directory);
    assert.deepEqual([fault?.kind, fault?.seq], ['changed', at + 1]);
    assert.ok(whatIn(directory).includes('audit.damaged'));
    await made.trail.end();
  }
});

test('a trail in which no line can be read is left as it is, and another begun behind it', async (t) => {
  const directory = directoryFor(t);
  const path = writeTrail(directory, chainOf(20));
  const bytes = statSync(path).size;
  writeFileSync(path, readFileSync(path, 'latin1').replaceAll('{', '['));
  const made = trailFor(t, directory, { anchor: undefined });
  await made.trail.seal();
  assert.equal(statSync(path).size, bytes);
  assert.equal(verifyTrail(systemDisk, directory).fault?.kind, 'changed');
  assert.equal(made.log.of('audit.damaged').length, 1);
});

test('a file that a crash left empty is no end of the chain', async (t) => {
  const directory = directoryFor(t);
  const lines = chainOf(20);
  writeTrail(directory, lines);
  writeTrail(directory, [], 21);
  const made = trailFor(t, directory, { anchor: linkAt(lines, 20) });
  made.trail.record(event(1));
  await made.trail.seal();
  assert.equal(verifyTrail(systemDisk, directory).fault, null);
});

test('seals under the key of before are passed over after a change of the node key', async (t) => {
  const directory = directoryFor(t);
  let anchor: Link | undefined;
  for (const key of [7, 8]) {
    const made = trailFor(t, directory, { anchor, key });
    made.trail.record(event(key));
    await made.trail.seal();
    await made.trail.end();
    anchor = made.anchor;
  }
  using sealer = sealerOf(8);
  const verdict = verifyTrail(systemDisk, directory, { sealer });
  assert.deepEqual([verdict.fault, verdict.otherSeals, verdict.sealedTo], [null, 2, 4]);
});

test('what somebody outside repeats goes on record once, then in sums, and in ever new words as one', async (t) => {
  const directory = directoryFor(t);
  const { trail, clock } = trailFor(t, directory);
  const refused = { what: 'supply.refused', who: 'sae:app-a', outcome: 'refused' } as const;
  for (let i = 0; i < 1_000; i++) trail.sum({ ...refused, code: 'application.bad_size' });
  for (let i = 0; i < 1_000; i++) trail.sum({ ...refused, code: `other ${i}` });
  await clock.leap(10_000);
  await trail.seal();
  const lines = linesIn(directory).filter(({ what }) => what === 'supply.refused');
  const counted = lines.reduce((sum, { count }) => sum + ((count as number | undefined) ?? 1), 0);
  assert.equal(counted, 2_000);
  assert.ok(lines.length < 40, `${lines.length} lines`);
});

test('words from outside are kept short, and are JSON whatever they are', async (t) => {
  const directory = directoryFor(t);
  const { trail } = trailFor(t, directory);
  const words = '"\n\ud800'.repeat(10_000);
  trail.record(event(1, { reason: words, facts: { text: words, active: true } }));
  await trail.seal();
  const line = linesIn(directory)[1] as { reason: string; facts: { text: string } };
  assert.equal(verifyTrail(systemDisk, directory).fault, null);
  assert.ok(line.reason.length < 600 && line.facts.text.length < 600 && line.reason.startsWith('"\n'));
});

test('a line of the trail and what is printed of its head are anchors; other things are none', () => {
  const [line] = chainOf(1);
  assert.equal(linkOf(line!)?.seq, 1);
  for (const other of [
    '',
    '{}',
    '{"seq":1}',
    '{"seq":-1,"hash":""}',
    `{"seq":1.5,"hash":"${'0'.repeat(64)}"}`,
  ])
    assert.equal(linkOf(other), undefined, other);
});

test('nothing else lies in the directory of a trail', async (t) => {
  const directory = directoryFor(t);
  const { trail } = trailFor(t, directory);
  trail.record(event(1));
  await trail.seal();
  assert.deepEqual(readdirSync(directory), ['audit-0000000000000001.jsonl']);
});

test('after a sync that failed the file is written once more before it counts as being on the disk', async (t) => {
  const directory = directoryFor(t);
  let fails = true;
  const rewritten: number[] = [];
  const disk: Disk = {
    ...systemDisk,
    fdatasync: ((file: number, done: (error: Error | null) => void) =>
      fails ? done(new Error('EIO')) : systemDisk.fdatasync(file, done)) as Disk['fdatasync'],
    writeSync: ((file: number, ...rest: unknown[]) => {
      rewritten.push(file);
      return (systemDisk.writeSync as (...all: unknown[]) => number)(file, ...rest);
    }) as Disk['writeSync'],
  };
  const made = trailFor(t, directory, { disk });
  made.trail.record(event(1));
  assert.equal(await made.trail.seal(), undefined, 'it is not on the disk');
  assert.equal(made.anchor, undefined);
  fails = false;
  const before = rewritten.length;
  const head = await made.trail.seal();
  assert.ok(head !== undefined && rewritten.length > before);
  assert.equal(verifyTrail(systemDisk, directory, { anchors: [head] }).fault, null);
});

test('a new node key seals from when it is taken, and vouches for all before', async (t) => {
  const directory = directoryFor(t);
  const { trail } = trailFor(t, directory);
  trail.record(event(1));
  trail.sealUnder(sealerOf(8));
  trail.sealUnder(sealerOf(8));
  trail.record(event(2));
  const head = await trail.seal();
  using old = sealerOf();
  using fresh = sealerOf(8);
  const { fault, sealedTo, otherSeals } = verifyTrail(systemDisk, directory, { sealer: fresh });
  // The beginning of the file and a last seal are the old key's.
  assert.deepEqual([fault, sealedTo, otherSeals], [null, head!.seq - 1, 2]);
  assert.equal(verifyTrail(systemDisk, directory, { sealer: old }).sealedTo, 2);
});
