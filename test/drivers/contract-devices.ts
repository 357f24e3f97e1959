import { renameSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContractDevice } from '../../drivers/contract/device.ts';
import { terminalDevice } from '../../src/cli/driver/terminal-device.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { BLOCKS, PluggedModule } from './still-module.ts';

/** A simulated module behind a real terminal, for `bridge-serial`. @param moduleKey what it proves itself with */
export async function bridgeDevice(moduleKey?: Buffer): Promise<ContractDevice> {
  const module = new PluggedModule(moduleKey);
  const device = await terminalDevice({
    blocks: BLOCKS,
    onPlugged: (write) => module.plug(write),
    onData: (chunk) => module.receive(chunk),
    onUnplugged: () => module.unplug(),
    forgotten: () => module.told,
  });
  return moduleKey === undefined ? device : withKey(device, moduleKey);
}

/** What is read through it changes as it does in `device`. */
function withKey(device: ContractDevice, key: Buffer): ContractDevice {
  return Object.create(device, { moduleKey: { value: SecretBytes.copyOf(key) } }) as ContractDevice;
}

/** A program of its own, for `exec`: it runs only while the file `plugged` is there. */
export async function programDevice(): Promise<ContractDevice> {
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-program-'));
  const plugged = join(folder, 'plugged');
  let forgotten = 0;
  const read = setInterval(async () => {
    forgotten = Number((await readFile(join(folder, 'told'), 'utf8').catch(() => '')) || forgotten);
  }, 20);
  const unplug = async (): Promise<void> => {
    await rm(plugged, { force: true });
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => '0'));
    await rm(join(folder, 'pid'), { force: true });
    try {
      if (pid > 0) process.kill(pid, 'SIGKILL');
    } catch {
      // The driver has ended it already.
    }
  };
  const program = join(import.meta.dirname, 'stdio-module.ts');
  return {
    port: { program: [process.execPath, program, folder] },
    nowhere: { program: [join(folder, 'nothing')] },
    baudRate: 115_200,
    blocks: BLOCKS,
    get forgotten() {
      return forgotten;
    },
    complaint: undefined,
    plug: () => writeFile(plugged, ''),
    unplug,
    noise: (bytes) => {
      // In one step: the program looks for it all the time.
      writeFileSync(join(folder, 'noise.new'), bytes);
      renameSync(join(folder, 'noise.new'), join(folder, 'noise'));
    },
    async close() {
      clearInterval(read);
      await unplug();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A folder with numbered files, for `key-file`. To unplug it is to move the folder away. */
export async function folderDevice(): Promise<ContractDevice> {
  const place = await mkdtemp(join(tmpdir(), 'keyferry-files-'));
  const path = join(place, 'drop');
  const away = join(place, 'away');
  await mkdir(away, { mode: 0o700 });
  for (let number = 1; number <= BLOCKS; number++)
    await writeFile(join(away, `${number}.key`), Buffer.alloc(200, number));
  let forgotten = 0;
  const count = async (): Promise<void> => {
    const names = await readdir(path).catch(() => undefined);
    if (names !== undefined) forgotten = BLOCKS - names.filter((name) => name.includes('.key')).length;
  };
  const counting = setInterval(count, 20);
  const unplug = async (): Promise<void> => {
    await rename(path, away).catch(() => {});
  };
  return {
    port: { folder: { path, format: 'numbered' } },
    nowhere: { folder: { path: join(place, 'nothing'), format: 'numbered' } },
    baudRate: 115_200,
    blocks: BLOCKS,
    get forgotten() {
      return forgotten;
    },
    complaint: undefined,
    plug: () => rename(away, path),
    unplug,
    noise: (bytes) => writeFileSync(join(path, 'rubbish'), bytes),
    async close() {
      clearInterval(counting);
      await unlink(join(place, 'nothing')).catch(() => {});
      await rm(place, { recursive: true, force: true });
    },
  };
}
