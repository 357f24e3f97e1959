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
        'when the agent does not run or does not answer; modules are then told by nobody, unless an agent that runs sees what was done. Root goes on as the',
        'owner of the configuration or the data directory then.',
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
      '\nExit code: 0 all of the node is destroyed (what its modules answered is named), 1 something could not be done (it is named), 2 without --yes.',
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
  const socket = await socketOf(options);
  try {
    return await callAgent<Zeroized>(socket, 'POST', '/v1/zeroize', { why }, limits.zeroizeAnswerMs);
  } catch (thrown) {
    const code = thrown instanceof AgentError ? thrown.code : '';
    if (!['host.agent_unreachable', 'host.agent_silent'].includes(code)) throw thrown;
    if (options.config === undefined) throw withoutAgent(thrown as AgentError);
    return byFiles(options.config, why, code === 'host.agent_silent');
  }
}

async function byFiles(file: string, why: string, heard: boolean): Promise<Zeroized> {
  const [{ zeroizeFiles }, { systemWorld }, { loadConfig }, { holdersOf }, { becomeOwnerOf }] =
    await Promise.all([
      import('../agent/zeroize.ts'),
      import('../agent/world.ts'),
      import('../config/load.ts'),
      import('../node/holders.ts'),
      import('../node/become-owner.ts'),
    ]);
  const config = loadConfig(file);
  becomeOwnerOf(file, config.data_directory);
  // The clock's timers keep no process alive.
  const alive = setInterval(() => {}, 1 << 30);
  return zeroizeFiles(systemWorld, config, why, holdersOf, heard).finally(() => clearInterval(alive));
}

function withoutAgent({ code, message, cause }: AgentError): AgentError {
  const remedy =
    'Name the configuration with --config FILE: all is destroyed then whether an agent answers or not.';
  const still = code === 'host.agent_silent' ? 'It may still do it. ' : '';
  return new AgentError(code, message, { fault: 'host', remedy: `${still}${remedy}`, cause });
}

const agents: Readonly<Record<Zeroized['agent'], string>> = {
  told: 'the agent was told',
  not_running: 'the agent was not running',
  ended: 'the agent did not answer, and has ended: it has no key any more',
  runs: 'the agent runs, and was not told',
};

export function zeroizedText(done: Zeroized): string {
  return [
    `zeroized: ${done.why}`,
    done.key_destroyed_ms === null
      ? 'NOT ALL OF IT IS DESTROYED, AND THE STORE MAY STILL BE OPENED: see below, and do it by hand'
      : `after ${done.key_destroyed_ms} ms nothing on the disk could be opened any more`,
    `node key: ${done.node_key}`,
    done.keys === null ? agents[done.agent] : `KMA-keys destroyed: ${done.keys}`,
    ...done.files.map((file) => `removed ${file}`),
    ...Object.entries(done.modules).map(([link, answer]) => `module of the link to ${link}: ${answer}`),
    ...done.failures.map((failure) => `NOT DONE: ${failure}`),
  ].join('\n');
}
