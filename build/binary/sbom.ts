import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkedParts } from './linked-parts.ts';

type Component = { readonly name: string; readonly version: string; readonly 'bom-ref': string };
type Bom = {
  readonly components: (Component & { readonly type: string; readonly purl: string })[];
  readonly dependencies: { readonly ref: string; dependsOn?: string[] }[];
};

/** The list of all parts of the binary (CycloneDX): npm's by its kept tool, and what is linked into them. */
export function writeSbom(root: string, file: string): void {
  const tool = join(root, 'node_modules/@cyclonedx/cyclonedx-npm/bin/cyclonedx-npm-cli.js');
  const words = ['--omit', 'dev', '--package-lock-only', '--output-reproducible', '--spec-version', '1.6'];
  execFileSync(process.execPath, [tool, ...words, '--output-file', file], { cwd: root });
  const bom = JSON.parse(readFileSync(file, 'utf8')) as Bom;
  const nodes = bom.components.filter(({ name }) => name.startsWith('node-linux-'));
  for (const { name, version } of nodes)
    if (version !== process.versions.node) throw new Error(`${name} is ${version}, and another runs this`);
  const parts = linkedParts(
    root,
    nodes.map(({ name }) => name),
  );
  for (const { name, version, within } of parts) {
    const owner = bom.components.find((component) => component.name === within);
    if (owner === undefined) throw new Error(`${within} is no part of the binary`);
    const purl = `pkg:generic/${name}@${version}`;
    if (!bom.components.some((component) => component['bom-ref'] === purl)) {
      bom.components.push({ type: 'library', name, version, 'bom-ref': purl, purl });
      bom.dependencies.push({ ref: purl });
    }
    const needs = bom.dependencies.find(({ ref }) => ref === owner['bom-ref']);
    if (needs === undefined) bom.dependencies.push({ ref: owner['bom-ref'], dependsOn: [purl] });
    else needs.dependsOn = [...(needs.dependsOn ?? []), purl];
  }
  writeFileSync(file, `${JSON.stringify(bom, null, 2)}\n`);
}
