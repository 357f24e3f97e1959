import { dirname, resolve } from 'node:path';
import { AgentError, messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import { type ExplainOptions, explainConfig } from './explain.ts';
import type { ConfigFaultCode } from './fault-codes.ts';
import { type ConfigFault, faultLine } from './faults.ts';
import { diskReader } from './files.ts';
import type { FileReader } from './reader.ts';
import type { Config } from './schema.ts';

/** A configuration that cannot be used: `faults` has every fault, the message lists them line by line. */
export class ConfigError extends AgentError {
  readonly faults: readonly ConfigFault[];

  constructor(file: string, faults: readonly ConfigFault[]) {
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
    const lines = faults.map((fault) => `  ${faultLine(file, fault)}`);
    super('configuration.faults', [`${file} has ${count}:`, ...lines].join('\n'), {
      fault: 'configuration',
      remedy: `Correct the file; "keyferry check ${file}" looks at it again.`,
    });
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

type LoadOptions = Pick<ExplainOptions, 'drivers' | 'ports' | 'authenticating'>;

/**
 * Reads the configuration file at `path`; relative paths in it come back absolute. Looks at the text alone, not at the
 * files it names: those the agent finds for itself, and `keyferry check` beforehand.
 * @throws {ConfigError} with every fault
 */
export function loadConfig(path: string, options: LoadOptions = {}): Config {
  return readConfig(path, options).config;
}

/** The same, with the text that it was read from. */
export function readConfig(path: string, options: LoadOptions): { config: Config; text: string } {
  const text = readConfigText(path);
  const directory = dirname(resolve(path));
  const { config, faults } = explainConfig(text, { directory, ...options });
  if (config === undefined) throw new ConfigError(path, faults);
  return { config, text };
}

/**
 * The text of the configuration file at `path`, up to `limits.configBytesMax` bytes.
 * @throws {ConfigError} with one fault when it cannot be read as UTF-8 text
 */
export function readConfigText(path: string, reader: FileReader = diskReader): string {
  const refuse = (code: ConfigFaultCode, message: string, remedy: string) =>
    new ConfigError(path, [{ code, path: '', line: 1, column: 1, message, remedy }]);
  const name = 'Name the configuration file of this node.';
  try {
    const stat = reader.stat(path);
    if (stat === undefined) throw refuse('configuration.file_missing', 'there is no such file', name);
    if (stat.kind !== 'file' && stat.kind !== 'other')
      throw refuse('configuration.file_kind', `is no file but a ${stat.kind}`, name);
    if (stat.size > limits.configBytesMax)
      throw refuse('configuration.file_size', `is larger than ${limits.configBytesMax} bytes`, name);
    return new TextDecoder('utf-8', { fatal: true }).decode(reader.read(path));
  } catch (thrown) {
    if (thrown instanceof ConfigError) throw thrown;
    const remedy = 'Let the user that runs keyferry read it; it has to be UTF-8 text.';
    throw refuse('configuration.file_unreadable', `cannot be read: ${messageOf(thrown)}`, remedy);
  }
}
