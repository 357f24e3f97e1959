import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Driver } from '../../../drivers/driver.ts';
import { AgentError, messageOf } from '../../errors.ts';
import { needSources } from './sources.ts';

/** The driver in a folder: what its `driver.ts` exports as `driver`. @throws AgentError `configuration.driver_load` */
export async function loadDriver(folder: string): Promise<Driver> {
  needSources();
  const path = join(resolve(folder), 'driver.ts');
  try {
    const { driver } = (await import(pathToFileURL(path).href)) as { driver?: Driver };
    if (typeof driver?.open !== 'function') throw new Error('it exports no `driver` with `open`');
    return driver;
  } catch (cause) {
    throw new AgentError('configuration.driver_load', `${path} cannot be loaded: ${messageOf(cause)}`, {
      fault: 'configuration',
      remedy: 'Name the folder of a driver, as `keyferry driver new` makes one.',
      cause,
    });
  }
}
