import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError, messageOf } from '../../errors.ts';
import { needSources } from './sources.ts';

/** A driver that works and is tried by the tests like any other. */
const PATTERN = 'ascii-lines';
const PATTERN_CLASS = 'AsciiModule';
const patternFolder = new URL(`../../../drivers/${PATTERN}/`, import.meta.url);

/**
 * Makes the folder of a driver called `name` within `dir`.
 * @returns the paths of the files made
 * @throws AgentError `host.driver_new`
 */
export async function newDriver(name: string, dir: string): Promise<string[]> {
  needSources();
  const folder = join(dir, name);
  try {
    const files = await readdir(patternFolder);
    await mkdir(folder);
    const made: string[] = [];
    for (const file of files.sort()) {
      const text = await readFile(new URL(file, patternFolder), 'utf8');
      const path = join(folder, file);
      await writeFile(path, text.replaceAll(PATTERN, name).replaceAll(PATTERN_CLASS, className(name)), {
        flag: 'wx',
      });
      made.push(path);
    }
    return made;
  } catch (cause) {
    throw new AgentError('host.driver_new', `the driver ${name} cannot be made: ${messageOf(cause)}`, {
      fault: 'host',
      remedy: 'Run it at the top of the source tree, with a name that no driver has.',
      cause,
    });
  }
}

function className(name: string): string {
  const words = name.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join('')}Module`;
}
