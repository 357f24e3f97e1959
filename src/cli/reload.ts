import type { Command } from 'commander';
import type { Reloaded } from '../agent/reload.ts';
import { callAgent } from './control-client.ts';
import { type SocketOptions, socketOf, socketOption } from './socket-option.ts';

/** `keyferry reload`: certificates, private keys, authorities and revocation lists anew. */
export function register(program: Command): void {
  const command = program
    .command('reload')
    .summary('read certificates and revocation lists anew')
    .description(
      [
        'Lets a running agent read the certificates, private keys, authorities and revocation lists of its configuration anew, for',
        'Kx and for applications. Connections to other nodes go on, but for those whose certificate is revoked or of no authority',
        'that is left; connections of applications end with their next answer. After rotate-node-key it takes the new node key. Files with a fault change nothing. SIGHUP does the same. The',
        'configuration file itself is not read.',
      ].join('\n'),
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExit code: 0 reloaded, 1 nothing was reloaded (the reason is printed).');
  socketOption(command).action(async (options: SocketOptions & { json?: boolean }) => {
    const done = await callAgent<Reloaded>(await socketOf(options), 'POST', '/v1/reload');
    process.stdout.write(`${options.json === true ? JSON.stringify(done) : textOf(done)}\n`);
  });
}

function textOf({ certificate_expires, crl_next_update, connections_ended, node_keys }: Reloaded): string {
  const crl = crl_next_update === null ? '' : `, revocation list to be renewed by ${crl_next_update}`;
  const keys = node_keys === 1 ? '' : `; ${node_keys} node keys open the store`;
  return `reloaded: Kx certificate until ${certificate_expires}${crl}; connections ended: ${connections_ended}${keys}`;
}
