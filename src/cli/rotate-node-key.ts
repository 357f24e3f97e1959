import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Rotated } from '../agent/orders-for-key.ts';
import { callAgent } from './control-client.ts';
import { type SocketOptions, socketOf, socketOption } from './socket-option.ts';

/** `keyferry rotate-node-key`: another node key for a running agent. */
export function register(program: Command): void {
  const command = program
    .command('rotate-node-key')
    .summary('change the node key while the agent runs')
    .description(
      [
        'Seals the store of a running agent under a new node key, from a file as node_key.file would have it (or, where the node key is made from a passphrase,',
        'a file with the new passphrase). The agent reads the file itself. The old node key opens the store as well until the new one is in its place and',
        '"keyferry reload" or a restart has seen it there; from then on it opens nothing.',
      ].join('\n'),
    )
    .argument('<FILE>', 'the new node key')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExit code: 0 sealed anew, 1 failed (the reason is printed, and nothing has changed; where no answer came it may be done all the same).',
    );
  socketOption(command).action(async (file: string, options: SocketOptions & { json?: boolean }) => {
    const body = { file: resolve(file) };
    const done = await callAgent<Rotated>(await socketOf(options), 'POST', '/v1/node-key', body);
    const text = `${done.records} records sealed anew in ${done.milliseconds} ms\n${done.remedy}`;
    process.stdout.write(`${options.json === true ? JSON.stringify(done) : text}\n`);
  });
}
