import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { buildC } from '../firmware-bridge/c-build.ts';
import type { CModuleReport } from '../firmware-bridge/c-module.ts';
import { Guest } from './guest.ts';
import { makeImage } from './image.ts';
import { CHANGE_MS, labIn } from './node-a.ts';

/** A USB device that the guest's kernel makes itself, with the module in C at its far end. */
export type Gadget = {
  readonly driver: string;
  /** Its function, as configfs names it, and what is written into files of its folder there. */
  readonly function: string;
  readonly attributes: Readonly<Record<string, string | Buffer>>;
  /** Words to the module: its port, its blocks. */
  readonly options: readonly string[];
  readonly flags?: string;
};

export async function bootWithGadget(t: TestContext, gadget: Gadget): Promise<Guest> {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-guest-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const { module } = await buildC(`-O2 -static ${gadget.flags ?? ''}`, ['module']);
  const lab = await labIn(directory, gadget.driver, '{vendor: "1d6b", product: "0104", serial: GAD7}');
  const folder = join(lab.folder, 'gadget');
  mkdirSync(join(folder, 'attributes'), { recursive: true });
  copyFileSync(module, join(folder, 'module'));
  writeFileSync(join(folder, 'function'), `${gadget.function}\n`);
  for (const [name, value] of Object.entries(gadget.attributes))
    writeFileSync(join(folder, 'attributes', name), value);
  const key = lab.key.replace(lab.folder, '/lab');
  const who = ['--seed', 'k', '--link-id', 'ab', '--role', 'tx', '--module-key', key];
  writeFileSync(join(folder, 'options'), [...who, ...gadget.options].join(' '));
  const guest = new Guest(makeImage(directory, lab.folder), directory, []);
  t.after(() => guest.end());
  return guest;
}

/** What the module has said last of itself. */
export async function moduleReport(guest: Guest): Promise<CModuleReport> {
  const before = guest.lines.length;
  guest.say('report');
  return guest.until('a report', CHANGE_MS, () => {
    return guest.lines.slice(before).find((line) => 'openings' in line) as CModuleReport | undefined;
  });
}
