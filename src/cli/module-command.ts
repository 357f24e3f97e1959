import { Argument, type Command } from 'commander';
import type { ModuleOrderResult } from '../../drivers/driver.ts';
import { callAgent } from './control-client.ts';
import { type SocketOptions, socketOf, socketOption } from './socket-option.ts';

/** What a module can be told, and what that does. */
export const orders = {
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
    .argument('<LINK>', 'the KMA ID at the other end of the link, the ID of the link or of the module')
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
      await giveOrder(await socketOf(options), link, order, options.json === true);
    },
  );
}

/** Gives one of `orders`, prints what became of it and sets the exit code. @throws AgentError */
export async function giveOrder(socket: string, link: string, order: string, json: boolean): Promise<void> {
  const body = { link, order: order.replace('-', '_') };
  const { outcome, text } = await callAgent<ModuleOrderResult>(socket, 'POST', '/v1/module', body);
  const words = `${outcome.replace('_', ' ')}${text === '' ? '' : `: ${text}`}`;
  process.stdout.write(`${json ? JSON.stringify({ outcome, text }) : words}\n`);
  process.exitCode = outcome === 'done' ? 0 : 1;
}
