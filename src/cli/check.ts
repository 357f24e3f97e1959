import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { driverNames } from '../../drivers/registry.ts';
import { tlsFiles } from '../agent/tls-files.ts';
import { explainConfig } from '../config/explain.ts';
import { type ConfigFault, type FoundFault, faultLine } from '../config/faults.ts';
import { diskReader } from '../config/files.ts';
import { ConfigError, readConfigText } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { readSource } from '../config/source.ts';
import { summarise } from '../config/summary.ts';
import { messageOf } from '../errors.ts';
import type { KxCredentials } from '../node/kx-credentials.ts';
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
    .action(async (file: string, options: { json?: boolean }) => {
      const report = await checkConfig(file);
      process.stdout.write(
        options.json === true ? `${JSON.stringify(report, null, 2)}\n` : reportText(report),
      );
      process.exitCode = report.faults.length === 0 ? 0 : 1;
    });
}

/** Runs every check on the file at `path`. A file that cannot be read is a fault like any other. */
export async function checkConfig(file: string): Promise<CheckReport> {
  try {
    const text = readConfigText(file);
    const { config, faults } = explainConfig(text, {
      directory: dirname(resolve(file)),
      ...driverNames,
      files: {
        reader: diskReader,
        now: new Date(),
        credentialsDirectory: process.env['CREDENTIALS_DIRECTORY'],
      },
    });
    if (config === undefined) return { file, faults, summary: [] };
    const refused = await refusedByTls(config);
    if (refused !== undefined)
      return { file, faults: [readSource(text).source!.locate(refused)], summary: [] };
    return {
      file,
      faults,
      summary: [...summarise(config, driverNames.ports), ...diskLines(config), ...tamperLines(config)],
    };
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return { file, faults: thrown.faults, summary: [] };
  }
}

// Each file is as it should be; what OpenSSL would say of them in a handshake only OpenSSL knows.
async function refusedByTls({ kx }: Config): Promise<FoundFault | undefined> {
  let credentials: KxCredentials;
  try {
    credentials = tlsFiles.credentials(kx);
  } catch (thrown) {
    return refusedFault(`TLS does not take it: ${messageOf(thrown)}`);
  }
  try {
    const reason = await credentials.tryOut();
    return reason === undefined
      ? undefined
      : refusedFault(`every peer with this kx.ca would refuse it: ${reason}`);
  } finally {
    credentials.wipe();
  }
}

function refusedFault(message: string): FoundFault {
  return {
    code: 'configuration.certificate_refused',
    at: ['kx', 'certificate'],
    message,
    remedy: 'Have the certificate, or that of its authority, issued anew without what the reason names.',
  };
}

// It may come later: the kernel makes files of switches when its drivers are there.
function tamperLines({ tamper }: Config): string[] {
  if (tamper === undefined || existsSync(tamper.file)) return [];
  return [`WARNING: ${tamper.file} is not there: as long as it is not, the tamper switch does nothing`];
}

export function reportText({ file, faults, summary }: CheckReport): string {
  const lines =
    faults.length > 0 ? faults.map((fault) => faultLine(file, fault)) : [`${file}: no fault`, ...summary];
  return `${lines.join('\n')}\n`;
}
