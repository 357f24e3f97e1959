import type { Command } from 'commander';

const CONFIG_DEFAULT = '/etc/keyferry/config.yaml';

/** `keyferry store`: the key store of an agent that does not run. */
export function register(program: Command): void {
  const command = program
    .command('store')
    .summary('look at the key store of a stopped agent')
    .description(
      'For the key store in data_directory, while no agent runs on it. docs/recovery.md tells when.',
    );
  command.exitOverride();
  registerCheck(command);
}

function registerCheck(command: Command): void {
  command
    .command('check')
    .summary('verify every page and record of the store')
    .description(
      [
        'Verifies the key store of a stopped agent and changes nothing: the write-ahead log, every page, format and owner,',
        'that the node key opens it and every sealed record, that blocks, key and marks of used key fit together, modes and',
        'owners of files. Prints what was looked at, and each fault with what to do. Never shows key.',
      ].join('\n'),
    )
    .option('--config <FILE>', 'the configuration of the node', CONFIG_DEFAULT)
    .option('--no-key', 'do without the node key: sealed records are measured and not opened')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      "\nExit code: 0 sound, 1 faults, 2 wrong usage, 3 it can't be looked at (standard error says why).",
    )
    .action(async (options: { config: string; key: boolean; json?: boolean }) => {
      const { runStoreCheck } = await import('./store/check.ts');
      process.exitCode = runStoreCheck(options);
    });
}
