/** What the tests of key files share: a folder of their own, and drivers on it that are closed in the end. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import type { DriverContext, KeyFileFormat, OpenModule } from '../../drivers/driver.ts';
import { driver } from '../../drivers/key-file/driver.ts';
import { limits } from '../../src/limits.ts';
import type { ManualClock } from '../manual-clock.ts';
import { contextFor, RecordingLog, RecordingSink } from './recording-sink.ts';
import { Watch } from './simulator-process.ts';

export let folder: string;
export let log: RecordingLog;
export let watch: Watch;
let opened: OpenModule[];
let looking: NodeJS.Timeout;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-key-file-'));
  log = new RecordingLog();
  watch = new Watch();
  opened = [];
  looking = setInterval(() => watch.changed(), 20);
});

afterEach(async () => {
  for (const module of opened) await module.close();
  clearInterval(looking);
  await rm(folder, { recursive: true, force: true });
});

export function drive(
  format: KeyFileFormat,
  more: Partial<DriverContext> = {},
): { sink: RecordingSink; module: OpenModule } {
  const sink = new RecordingSink(watch);
  const module = driver.open(
    contextFor('', log, { port: { folder: { path: folder, format } }, ...more }),
    sink,
  );
  opened.push(module);
  return { sink, module };
}

export const put = (name: string, bytes: Uint8Array): Promise<void> => writeFile(join(folder, name), bytes);

/** Held by `names` in the end. */
export async function left(names: string[]): Promise<void> {
  let now: string[] | undefined;
  const read = setInterval(async () => {
    now = await readdir(folder).catch(() => undefined);
  }, 20);
  const what = `${names.join(', ') || 'nothing'} to be left`;
  await watch
    .until(what, () => now?.sort().join() === names.sort().join())
    .finally(() => clearInterval(read));
}

/** Has the driver look at its folder, by a clock that only the test turns. */
export async function turnUntil(clock: ManualClock, what: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000 && !what(); i++) await clock.leap(limits.keyFilePollMs);
  assert.ok(what());
}
