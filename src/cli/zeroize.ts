import type { Command } from 'commander';
import type { Zeroized } from '../agent/zeroize.ts';
import { AgentError } from '../errors.ts';
import { limits } from '../limits.ts';
import { callAgent } from './control-client.ts';
import { type SocketOptions, socketOf, socketOption } from './socket-option.ts';

type Options = SocketOptions & { readonly yes?: boolean; readonly why: string; readonly json?: boolean };

/** `keyferry zeroize`: destroys all key of the node, whether its agent runs or not. */
export function register(program: Command): void {
  const command = program
    .command('zeroize')
    .summary('destroy all key of the node, now')
    .description(
      [
        'Destroys the node key and the key under which the store is sealed, then the store, in memory and on disk, and tells the modules to do the same. What can',
        'then be read off the disk is noise. The agent ends, and starts again only after "keyferry commission". With --config this works as well',
        'when the agent does not run.',
      ].join('\n'),
    )
    .option('--yes', 'do it: without this nothing is done')
    .option(
      '--why <TEXT>',
      'the reason, for the log and for whoever finds the node so',
      'an operator said so',
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExit code: 0 all is destroyed, 1 something could not be done (it is named), 2 without --yes.',
    );
  socketOption(command).action(async (options: Options) => {
    if (options.yes !== true) command.error('error: this destroys all key of the node for good: say --yes');
    const done = await zeroizeNow(options);
    process.stdout.write(`${options.json === true ? JSON.stringify(done, null, 2) : zeroizedText(done)}\n`);
    process.exitCode = done.failures.length === 0 ? 0 : 1;
  });
}

async function zeroizeNow(options: Options): Promise<Zeroized> {
  const why = options.why.slice(0, limits.zeroizeReasonCharsMax) || 'no reason given';
  try {
    return await callAgent<Zeroized>(await socketOf(options), 'POST', '/v1/zeroize', { why });
  } catch (thrown) {
    const noAgent = thrown instanceof AgentError && thrown.code === 'host.agent_unreachable';
    if (!noAgent || options.config === undefined) throw thrown;
  }
  const [{ zeroizeFiles }, { systemWorld }, { loadConfig }] = await Promise.all([
    import('../agent/zeroize.ts'),
    import('../agent/world.ts'),
    import('../config/load.ts'),
  ]);
  // The clock's timers keep no process alive.
  const alive = setInterval(() => {}, 1 << 30);
  return zeroizeFiles(systemWorld, loadConfig(options.config), why).finally(() => clearInterval(alive));
}

const agents: Readonly<Record<Zeroized['agent'], string>> = {
  told: 'the agent was told',
  not_running: 'the agent was not running',
  ended: 'the agent did not answer; it saw the mark, destroyed what it had in memory, and ends',
  runs: 'the agent runs, and was not told',
};

export function zeroizedText(done: Zeroized): string {
  return [
    `zeroized: ${done.why}`,
    `after ${done.key_destroyed_ms} ms nothing on the disk could be opened any more`,
    `node key: ${done.node_key}`,
    done.keys === null ? agents[done.agent] : `KMA-keys destroyed: ${done.keys}`,
    ...done.files.map((file) => `removed ${file}`),
    ...Object.entries(done.modules).map(([link, answer]) => `module of the link to ${link}: ${answer}`),
    ...done.failures.map((failure) => `NOT DONE: ${failure}`),
  ].join('\n');
}
