/** A vendor's program for tests: a simulated module on stdin and stdout. `argv[2]` is the folder that it is run from outside by, `argv[3]` a file with its key. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemDisk } from '../../src/node/disk.ts';
import { readKeyFile } from '../../src/node/key-file.ts';
import { stillModule } from './still-module.ts';

const folder = process.argv[2]!;
if (!existsSync(join(folder, 'plugged'))) process.exit(3);
writeFileSync(join(folder, 'pid'), String(process.pid));

const toldBefore = existsSync(join(folder, 'told')) ? Number(readFileSync(join(folder, 'told'), 'utf8')) : 0;
const key =
  process.argv[3] === undefined ? undefined : readKeyFile(systemDisk, process.argv[3], 'module_key');
const module = stillModule((frame) => process.stdout.write(frame, () => frame.fill(0)), toldBefore, key);
process.stdin.on('data', (chunk: Buffer) => module.receive(chunk));
process.stdin.on('end', () => process.exit());
module.start();

let told = toldBefore;
setInterval(() => {
  module.turn();
  const noise = join(folder, 'noise');
  if (existsSync(noise)) {
    process.stdout.write(readFileSync(noise));
    rmSync(noise);
  }
  const now = toldBefore + module.status.stored + module.status.refused;
  if (now === told) return;
  told = now;
  writeFileSync(join(folder, 'told.new'), String(told));
  renameSync(join(folder, 'told.new'), join(folder, 'told'));
}, 20);
