import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { driverNames } from '../../drivers/registry.ts';
import { explainConfig } from '../config/explain.ts';
import { type ConfigFault, faultLine } from '../config/faults.ts';
import { diskReader } from '../config/files.ts';
import { ConfigError, readConfigText } from '../config/load.ts';
import { summarise } from '../config/summary.ts';
import { diskLines } from './check-disk.ts';

/** What `keyferry check` found, as `--json` prints it. */
export type CheckReport = {
  readonly file: string;
  readonly faults: readonly ConfigFault[];
  /** Empty when there are faults. */
  readonly summary: readonly string[];
};

/** `keyferry check`: everything that can be known of a configuration without starting the node. */
export function register(program: Command): void {
  program
    .command('check')
    .summary('look for faults in a configuration file')
    .description(
      [
        'Looks at a configuration file and at the certificates and keys that it names, without starting anything.',
        'Prints each fault with its place and what to do about it, or in short what the node would do.',
      ].join('\n'),
    )
    .argument('<CONFIG>', 'the configuration file')
    .option('--json', 'print one JSON object: file, faults, summary')
    .addHelpText('after', '\nExit code: 0 no fault, 1 faults, 2 wrong usage.')
    .action((file: string, options: { json?: boolean }) => {
      const report = checkConfig(file);
      process.stdout.write(
        options.json === true ? `${JSON.stringify(report, null, 2)}\n` : reportText(report),
      );
      process.exitCode = report.faults.length === 0 ? 0 : 1;
    });
}

/** Runs every check on the file at `path`. A file that cannot be read is a fault like any other. */
export function checkConfig(file: string): CheckReport {
  try {
    const { config, faults } = explainConfig(readConfigText(file), {
      directory: dirname(resolve(file)),
      ...driverNames,
      files: {
        reader: diskReader,
        now: new Date(),
        credentialsDirectory: process.env['CREDENTIALS_DIRECTORY'],
      },
    });
    const summary =
      config === undefined ? [] : [...summarise(config, driverNames.ports), ...diskLines(config)];
    return { file, faults, summary };
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return { file, faults: thrown.faults, summary: [] };
  }
}

export function reportText({ file, faults, summary }: CheckReport): string {
  const lines =
    faults.length > 0 ? faults.map((fault) => faultLine(file, fault)) : [`${file}: no fault`, ...summary];
  return `${lines.join('\n')}\n`;
}
