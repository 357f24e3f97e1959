import type { Command } from 'commander';
import type { Reloaded } from '../agent/reload.ts';
import { callAgent } from './control-client.ts';
import { type SocketOptions, socketOf, socketOption } from './socket-option.ts';

/** `keyferry reload`: the configuration anew, and certificates, private keys, authorities and revocation lists. */
export function register(program: Command): void {
  const command = program
    .command('reload')
    .summary('read the configuration and certificates anew')
    .description(
      [
        'Lets a running agent read its configuration file anew, and the certificates, private keys, authorities and revocation lists that it names.',
        'Neighbours, links and applications of which nothing else is said than before go on undisturbed: a connection ends only where the entry of its',
        'peer or of its link has changed, or its certificate is revoked or of no authority that is left; a module is opened anew only where one of these',
        'entries has changed. Connections of applications end with their next answer. What an agent stands on (kma_id, data_directory, node_key,',
        'rollback_guard, tamper, control, audit, where it listens) cannot change without a restart. A fault anywhere, or such a change, and nothing',
        'is changed. After rotate-node-key the new node key is taken. SIGHUP does the same.',
      ].join('\n'),
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExit code: 0 reloaded, 1 nothing was reloaded (the reason is printed; where no answer came it may be done all the same).',
    );
  socketOption(command).action(async (options: SocketOptions & { json?: boolean }) => {
    const done = await callAgent<Reloaded>(await socketOf(options), 'POST', '/v1/reload');
    process.stdout.write(`${options.json === true ? JSON.stringify(done) : textOf(done)}\n`);
  });
}

function textOf(done: Reloaded): string {
  const { certificate_expires, crl_next_update, connections_ended, node_keys, changed } = done;
  const crl = crl_next_update === null ? '' : `, revocation list to be renewed by ${crl_next_update}`;
  const keys = node_keys === 1 ? '' : `; ${node_keys} node keys open the store`;
  const said = changed.length === 0 ? 'nothing' : changed.join(', ');
  return [
    `reloaded: Kx certificate until ${certificate_expires}${crl}; connections ended by it: ${connections_ended}${keys}`,
    `changed in the configuration: ${said}`,
  ].join('\n');
}
