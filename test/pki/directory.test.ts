import 'reflect-metadata';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BasicConstraintsExtension } from '@peculiar/x509';
import { makeAuthority } from '../../src/pki/certificate.ts';
import { writeFiles } from '../../src/pki/directory.ts';
import { directoryFor } from '../store/temp-store.ts';

test('a secret that was written is wiped from memory, and so is one that was not', (t) => {
  const directory = directoryFor(t);
  const files = () => [
    { path: join(directory, 'open.pem'), content: Buffer.alloc(40, 1), secret: false },
    { path: join(directory, 'closed.key'), content: Buffer.alloc(40, 2), secret: true },
  ];
  const written = files();
  writeFiles(written, false);
  assert.deepEqual(
    written.map(({ path }) => readFileSync(path)),
    [Buffer.alloc(40, 1), Buffer.alloc(40, 2)],
  );
  const again = files();
  assert.throws(() => writeFiles(again, false), { code: 'configuration.pki_exists' });
  for (const [open, closed] of [written, again])
    assert.deepEqual([open!.content, closed!.content], [Buffer.alloc(40, 1), Buffer.alloc(40)]);
});

test('an authority says that none may stand below it', async () => {
  const { certificate } = await makeAuthority('root', 'ecdsa-p256', { now: new Date(), days: 1 });
  const constraints = certificate.getExtension(BasicConstraintsExtension);
  assert.deepEqual([constraints?.ca, constraints?.pathLength, constraints?.critical], [true, 0, true]);
});
