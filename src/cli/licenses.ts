import { getAsset, isSea } from 'node:sea';
import type { Command } from 'commander';
import { AgentError } from '../errors.ts';

/** `keyferry licenses`: the licences of all that is in the binary. */
export function register(program: Command): void {
  program
    .command('licenses')
    .summary('print the licences of all that is in the binary')
    .description(
      'Prints the licences of keyferry, of Node.js with all its parts, and of every package in the binary.',
    )
    .addHelpText('after', '\nExit code: 0; 1 when it is run from sources; 2 wrong usage.')
    .action(() => {
      if (!isSea())
        throw new AgentError(
          'configuration.not_a_binary',
          'only the binary carries the licences of its parts',
          {
            fault: 'configuration',
            remedy: 'Build it with `npm run build`, or look into node_modules.',
          },
        );
      process.stdout.write(getAsset('licenses.txt', 'utf8'));
    });
}
