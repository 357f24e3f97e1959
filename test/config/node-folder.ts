import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pkiPaths } from '../../src/pki/directory.ts';
import { initPki, issueNode } from '../../src/pki/pki.ts';
import { sound } from './fault-cases.ts';

/** A directory in which the configuration `sound` has every file that it names. */
export type NodeFolder = { readonly folder: string; readonly pki: string; remove(): void };

export async function makePki(): Promise<{ pki: string; remove(): void }> {
  const pki = mkdtempSync(join(tmpdir(), 'keyferry-pki-'));
  await initPki(pki);
  await issueNode(pki, 'A');
  return { pki, remove: () => rmSync(pki, { recursive: true, force: true }) };
}

/** A fresh copy of what `pki` issued to A, for one test to spoil. */
export function nodeFolder(pki: string): NodeFolder {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-node-'));
  const paths = pkiPaths(pki);
  const node = paths.node('A');
  const copies = {
    'kx.pem': node.kxCertificate,
    'kx.key': node.kxKey,
    'supply.pem': node.supplyCertificate,
    'supply.key': node.supplyKey,
    'node.key': node.nodeKey,
    'kx-ca.pem': paths.kxAuthority.certificate,
    'application-ca.pem': paths.applicationAuthority.certificate,
  };
  for (const [name, source] of Object.entries(copies)) copyFileSync(source, join(folder, name));
  writeFileSync(join(folder, 'config.yaml'), sound);
  return { folder, pki, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
