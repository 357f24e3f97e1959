import 'reflect-metadata';
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { explainConfig } from '../../src/config/explain.ts';
import { type ConfigFaultCode, faultCodes } from '../../src/config/fault-codes.ts';
import { diskReader } from '../../src/config/files.ts';
import type { FileReader } from '../../src/config/reader.ts';
import { privateKeyPem } from '../../src/pki/algorithms.ts';
import { certificatePem, makeAuthority, makeLeaf } from '../../src/pki/certificate.ts';
import { issueNode } from '../../src/pki/pki.ts';
import { makeKxCrl } from '../../src/pki/revoke.ts';
import { authority } from '../node/kx-chain.ts';
import { faultCases, sound } from './fault-cases.ts';
import { fileCases, type InFolder, placeCrl, type World, withCrl } from './file-cases.ts';
import { makePki, nodeFolder } from './node-folder.ts';

let pki = '';
let removePki = () => {};

before(async () => {
  ({ pki, remove: removePki } = await makePki());
  await issueNode(pki, 'B');
  for (const [name, revoked] of [
    ['empty', []],
    ['revoking-b', ['B']],
    ['revoking-a', ['A']],
  ] as const)
    renameSync(await makeKxCrl(pki, revoked), join(pki, `${name}.pem`));
  const root = await makeAuthority('root', 'ecdsa-p256', { now: new Date(), days: 30 });
  writeFileSync(join(pki, 'root.pem'), certificatePem(root.certificate));
  writeFileSync(join(pki, 'middle.pem'), certificatePem((await authority('middle', 0, root)).certificate));
});
after(() => removePki());

/** Faults of a node folder that `spoil` has worked on, as `code path`. */
function look(spoil: (path: InFolder) => void, world: (path: InFolder) => World = () => ({})): string[] {
  const node = nodeFolder(pki);
  try {
    const path = (name: string) => join(node.folder, name);
    spoil(path);
    const { text, now, reader, credentialsDirectory } = world(path);
    const files = { reader: reader ?? diskReader, now: now ?? new Date(), credentialsDirectory };
    const { faults } = explainConfig(text ?? sound, { directory: node.folder, files });
    return faults.map((fault) => `${fault.code.replace('configuration.', '')} ${fault.path}`);
  } finally {
    node.remove();
  }
}

const cases = fileCases(() => pki);

describe('the files of a configuration', () => {
  test('have no fault as keyferry pki made them', () => {
    assert.deepEqual(
      look(() => {}),
      [],
    );
  });

  for (const { what, spoil, world, faults } of cases)
    test(`show ${what}`, () => {
      assert.deepEqual(look(spoil ?? (() => {}), world), faults);
    });

  test("may hold a revocation list with other nodes' certificates on it", () => {
    for (const name of ['empty', 'revoking-b'])
      assert.deepEqual(
        look(
          (path) => placeCrl(pki, name, path),
          () => ({ text: withCrl }),
        ),
        [],
      );
  });

  test('may hold the node key as 64 hexadecimal digits, with a newline or without', () => {
    for (const end of ['', '\n'])
      assert.deepEqual(
        look((path) => writeFileSync(path('node.key'), `${'0aF9'.repeat(16)}${end}`)),
        [],
      );
  });

  test('may hold a certificate from an intermediate authority, with the chain after it', async () => {
    const validity = { now: new Date(), days: 30 };
    const root = await makeAuthority('root', 'ecdsa-p256', validity);
    const middle = await authority('middle', 0, root);
    const request = {
      commonName: 'A',
      hosts: [],
      uses: ['server', 'client'],
      algorithm: 'ecdsa-p256',
    } as const;
    const leaf = await makeLeaf(middle, request, validity);
    const chain = (...certificates: (typeof leaf.certificate)[]) => certificates.map(certificatePem).join('');
    const key = await privateKeyPem(leaf.key);
    const place = (pem: string) => (path: (name: string) => string) => {
      writeFileSync(path('kx.pem'), pem);
      writeFileSync(path('kx.key'), key);
      writeFileSync(path('kx-ca.pem'), certificatePem(root.certificate));
    };
    assert.deepEqual(look(place(chain(leaf.certificate, middle.certificate))), []);
    assert.deepEqual(look(place(chain(leaf.certificate))), ['certificate_issuer kx.certificate']);
  });

  test('are wiped from memory once looked at when they hold key', () => {
    const read: Buffer[] = [];
    const reader: FileReader = {
      stat: diskReader.stat,
      read(path) {
        const bytes = diskReader.read(path);
        if (path.endsWith('.key')) read.push(bytes);
        return bytes;
      },
    };
    assert.deepEqual(
      look(
        () => {},
        () => ({ reader }),
      ),
      [],
    );
    assert.equal(read.length, 3);
    for (const bytes of read) assert.ok(bytes.length > 0 && bytes.every((byte) => byte === 0));
  });
});

test('every fault code is shown by a test of its own', () => {
  const shown = new Set<string>(faultCases.map((one) => one.code));
  for (const { faults } of cases)
    for (const fault of faults) shown.add(`configuration.${fault.split(' ')[0]}`);
  shown.add('configuration.empty' satisfies ConfigFaultCode); // explain.test.ts
  shown.add('configuration.certificate_refused' satisfies ConfigFaultCode); // check-command.test.ts
  assert.deepEqual([...shown].sort(), Object.keys(faultCodes).sort());
});
