import { type ConfigFault, type FoundFault, pathText } from './faults.ts';
import { checkFiles } from './files.ts';
import { nearest } from './nearest.ts';
import type { FileWorld } from './reader.ts';
import { resolvePaths } from './resolve-paths.ts';
import { checkRules } from './rules.ts';
import type { Config } from './schema.ts';
import { checkShape } from './shape.ts';
import { readSource } from './source.ts';

export type ExplainOptions = {
  /** Relative paths in the file start here; absolute itself. */
  readonly directory: string;
  /** The drivers that this build has; not looked at when left out. */
  readonly drivers?: readonly string[] | undefined;
  /** What kind of port each of them needs; not looked at when left out. */
  readonly ports?: Readonly<Record<string, string>> | undefined;
  /** Those of them whose modules can prove themselves; not looked at when left out. */
  readonly authenticating?: readonly string[] | undefined;
  /** When given, the files that the configuration names are looked at as well. */
  readonly files?: FileWorld | undefined;
};

/**
 * Says everything that is wrong with a configuration file's `text`, each with its place. Rules between fields are looked
 * at once every field is right by itself, files once the rules hold.
 * @returns the configuration, paths made absolute, when there is no fault
 */
export function explainConfig(
  text: string,
  options: ExplainOptions,
): { config?: Config; faults: ConfigFault[] } {
  const { source, faults } = readSource(text);
  if (source === undefined) return { faults };
  const shape = checkShape(source);
  if (shape.config === undefined) return { faults: sorted(shape.faults.map(source.locate)) };
  const config = resolvePaths(shape.config, options.directory);
  const found = [
    ...checkRules(config),
    ...checkDrivers(config, options),
    ...checkPorts(config, options.ports),
  ];
  if (options.files !== undefined) found.push(...checkFiles(config, options.files));
  if (found.length > 0) return { faults: sorted(withoutRepeats(found).map(source.locate)) };
  return { config, faults: [] };
}

function checkDrivers({ links }: Config, { drivers, authenticating }: ExplainOptions): FoundFault[] {
  if (drivers === undefined) return [];
  return links.flatMap(({ driver, module_key }, i) => {
    if (drivers.includes(driver)) {
      if (module_key === undefined || (authenticating ?? drivers).includes(driver)) return [];
      return {
        code: 'configuration.module_authentication',
        at: ['links', i, 'module_key'],
        message: `modules of the driver ${driver} have no key`,
        remedy: 'Take away module_key, and write unauthenticated_module: true if the port is safe.',
      };
    }
    const close = nearest(driver, drivers);
    const remedy = close === undefined ? `There are: ${drivers.join(', ')}.` : `Did you mean ${close}?`;
    const message = `there is no driver ${driver}`;
    return { code: 'configuration.unknown_driver', at: ['links', i, 'driver'], message, remedy };
  });
}

/** The keys of `port` that name each kind of port. */
const PORT_KEYS: Readonly<Record<string, readonly string[]>> = {
  serial: ['path', 'usb'],
  hid: ['path', 'usb'],
  folder: ['folder'],
  program: ['program'],
};

function checkPorts({ links }: Config, ports: ExplainOptions['ports']): FoundFault[] {
  return links.flatMap(({ driver, port }, i) => {
    const wanted = PORT_KEYS[ports?.[driver] ?? ''];
    const given = Object.keys(port)[0] ?? '';
    if (wanted === undefined || wanted.includes(given)) return [];
    const message = `the driver ${driver} cannot use a port given by ${given}`;
    const remedy = `Give ${wanted.join(' or ')} instead, or choose another driver.`;
    return { code: 'configuration.port_kind', at: ['links', i, 'port'], message, remedy };
  });
}

/** The same authority shows by its path and by its key. */
function withoutRepeats(found: readonly FoundFault[]): FoundFault[] {
  const seen = new Set<string>();
  return found.filter((fault) => {
    const name = `${fault.code} ${pathText(fault.at)} ${fault.message}`;
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

function sorted(faults: ConfigFault[]): ConfigFault[] {
  return faults.sort((a, b) => a.line - b.line || a.column - b.column);
}
