import { Argument, type Command } from 'commander';
import type { ModuleOrderResult } from '../../drivers/driver.ts';
import { callAgent } from './control-client.ts';
import { type SocketOptions, socketOf, socketOption } from './socket-option.ts';

const orders = {
  start: 'make key',
  stop: 'make no key until started; what the module holds is still delivered',
  zeroize: 'wipe every block that the module holds',
  'self-test': 'test itself',
  identify: 'show where it is',
  release: "let go of the link's suspect blocks: they are used like any others",
} as const;

/** `keyferry module LINK COMMAND`: has the module of a QKD link do something. */
export function register(program: Command): void {
  const command = program
    .command('module')
    .summary('have the module of a QKD link do something')
    .description(
      'Gives one command to the module of a QKD link, through the running agent, and waits for what becomes of it.',
    )
    .argument('<LINK>', 'the KMA ID at the other end of the link, or the link ID')
    .addArgument(new Argument('<COMMAND>', 'what to do').choices(Object.keys(orders)))
    .option('--json', 'print one JSON object: outcome, text')
    .addHelpText(
      'after',
      [
        '',
        'Commands:',
        ...Object.entries(orders).map(([name, what]) => `  ${name.padEnd(10)} ${what}`),
        '',
        'Exit code: 0 done, 1 failed or not supported (the reason is printed), 2 wrong usage.',
      ].join('\n'),
    );
  socketOption(command).action(
    async (link: string, order: string, options: SocketOptions & { json?: boolean }) => {
      const body = { link, order: order.replace('-', '_') };
      const { outcome, text } = await callAgent<ModuleOrderResult>(
        await socketOf(options),
        'POST',
        '/v1/module',
        body,
      );
      const words = `${outcome.replace('_', ' ')}${text === '' ? '' : `: ${text}`}`;
      process.stdout.write(`${options.json === true ? JSON.stringify({ outcome, text }) : words}\n`);
      process.exitCode = outcome === 'done' ? 0 : 1;
    },
  );
}
