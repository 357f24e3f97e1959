import type { Command } from 'commander';
import { limits } from '../limits.ts';
import { callAgent } from './control-client.ts';
import { type SocketOptions, socketOf, socketOption } from './socket-option.ts';
import { whole } from './whole.ts';

type Answer = { request_id: string; destination: string; keys: number; milliseconds: number };

/** `keyferry relay`: relays fresh KMA-keys now, whatever the water marks say. */
export function register(program: Command): void {
  const command = program
    .command('relay')
    .summary('relay KMA-keys to another KMA now')
    .description(
      'Makes fresh KMA-keys of 256 bits, relays them to another KMA over the configured route, and adds them to the pool when the destination holds them.',
    )
    .argument('<KMA_ID>', 'the destination')
    .option(
      '--keys <N>',
      `KMA-keys to relay, 1 to ${limits.relayRequestKeysMax}`,
      whole(1, limits.relayRequestKeysMax),
      1,
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExit code: 0 relayed, 1 failed (the reason is printed; where no answer came it may be done all the same).',
    );
  socketOption(command).action(
    async (destination: string, options: SocketOptions & { keys: number; json?: boolean }) => {
      const body = { destination, keys: options.keys };
      const answer = await callAgent<Answer>(await socketOf(options), 'POST', '/v1/relay', body);
      const text = `relayed ${answer.keys} keys to ${answer.destination} in ${answer.milliseconds.toFixed(1)} ms (request ${answer.request_id})`;
      process.stdout.write(`${options.json === true ? JSON.stringify(answer) : text}\n`);
    },
  );
}
