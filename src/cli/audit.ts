import { type Command, InvalidArgumentError } from 'commander';
import type { ShowOptions } from './audit/show.ts';
import type { VerifyOptions } from './audit/verify.ts';
import { type SocketOptions, socketOf, socketOption } from './socket-option.ts';

/** `keyferry audit`: looks at the audit trail of a node. */
export function register(program: Command): void {
  const command = program
    .command('audit')
    .summary('look at the audit trail of a node')
    .description(
      'The audit trail says what became of each key, without the key. docs/audit.md describes it.',
    );
  command.exitOverride();
  registerVerify(command);
  registerShow(command);
  registerHead(command);
}

const DIRECTORY_DEFAULT = '/var/lib/keyferry/audit';

function registerVerify(command: Command): void {
  command
    .command('verify')
    .summary('see whether the trail is whole')
    .description(
      [
        'Looks at every line of the trail and names the first one that is missing, changed, out of order or cut off. With --config the',
        'seals are held against the node key, and the end against what the running agent says; --anchor names a place that was kept',
        'elsewhere: a file with a line of the trail, or what keyferry audit head printed. Without a node key and without an anchor',
        'a trail that was written anew as a whole, or shortened at its end, looks whole.',
      ].join('\n'),
    )
    .option('--directory <DIR>', 'where the trail is', DIRECTORY_DEFAULT)
    .option('--config <FILE>', "the node's configuration: its trail, its node key and its control socket")
    .option('--anchor <FILE...>', 'a place that the trail has to have')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExit code: 0 the trail is whole, 1 it (or, with --config, its seals or what the agent says) could not be looked at, 2 wrong usage, 3 it is not whole.',
    )
    .action(async (options: VerifyOptions) => {
      const { verify } = await import('./audit/verify.ts');
      await verify(options);
    });
}

function registerShow(command: Command): void {
  command
    .command('show')
    .summary('print lines of the trail')
    .description(
      'Prints the lines of the trail, oldest first, those alone that every option given fits. It does not look whether the trail is whole.',
    )
    .option('--directory <DIR>', 'where the trail is', DIRECTORY_DEFAULT)
    .option('--config <FILE>', "the node's configuration, which names the directory")
    .option('--since <TIME>', 'from then on, in ISO 8601, such as 2026-05-01T08:00Z', time)
    .option('--until <TIME>', 'up to then', time)
    .option('--what <NAME>', 'events of this name, or of names that begin so: supply, block.ended')
    .option('--who <WHO>', 'such as sae:app-a, kma:B, operator')
    .option('--key-id <ID>', 'what became of this key')
    .option('--block <PEER/NUMBER>', 'what became of this block, and which keys were taken out of it', block)
    .option('--json', 'print the lines as they are')
    .addHelpText('after', '\nExit code: 0 printed, 1 there is no trail to read, 2 wrong usage.')
    .action(async (options: ShowOptions) => {
      const { show } = await import('./audit/show.ts');
      await show(options);
    });
}

function registerHead(command: Command): void {
  const head = command
    .command('head')
    .summary('seal the trail and print where it ends')
    .description(
      [
        'Has the running agent seal its trail, and prints the number and the hash of the newest line as a JSON object. Kept elsewhere, it is',
        'an anchor for keyferry audit verify: who shortens the trail, or writes it anew, can do so behind it alone.',
      ].join('\n'),
    )
    .addHelpText('after', '\nExit code: 0 printed, 1 no agent answers, or its disk takes no records.');
  socketOption(head).action(async (options: SocketOptions) => {
    const { callAgent } = await import('./control-client.ts');
    const place = await callAgent<object>(await socketOf(options), 'GET', '/v1/audit');
    process.stdout.write(`${JSON.stringify(place)}\n`);
  });
}

function time(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('It is not a time of ISO 8601.');
  return ms;
}

function block(text: string): { peer: string; number: number } {
  const [, peer, number] = /^(.+)\/(\d{1,12})$/.exec(text) ?? [];
  if (peer === undefined) throw new InvalidArgumentError('It is not PEER/NUMBER, such as B/1024.');
  return { peer, number: Number(number) };
}
