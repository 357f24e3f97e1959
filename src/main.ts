import { Command, CommanderError } from 'commander';
import { AgentError } from './errors.ts';
import { version } from './version.ts';

type Registers = { register(program: Command): void };

// Loaded only when asked for: `keyferry status` need not wait for the parts that make certificates.
const commands: Readonly<Record<string, () => Promise<Registers>>> = {
  run: () => import('./cli/run.ts'),
  check: () => import('./cli/check.ts'),
  status: () => import('./cli/status.ts'),
  relay: () => import('./cli/relay.ts'),
  reload: () => import('./cli/reload.ts'),
  probe: () => import('./cli/probe.ts'),
  decode: () => import('./cli/decode.ts'),
  devices: () => import('./cli/devices.ts'),
  module: () => import('./cli/module.ts'),
  driver: () => import('./cli/driver.ts'),
  pki: () => import('./cli/pki.ts'),
  demo: () => import('./cli/demo.ts'),
  'simulate-module': () => import('./cli/simulate-module.ts'),
  version: () => import('./cli/version.ts'),
  licenses: () => import('./cli/licenses.ts'),
};

const program = new Command('keyferry')
  .description('Key manager agent for QKD nodes: Kx interface after Recommendation ITU-T Q.4163.')
  .version(version)
  .showHelpAfterError('Run it with --help to see how it is used.')
  .exitOverride();

// Whoever read us has gone, as `head` does.
process.stdout.on('error', () => process.exit());

// In a function: the binary's one file is CommonJS, which waits for nothing at its top.
void main();

async function main(): Promise<void> {
  try {
    const asked = commands[process.argv[2] ?? ''];
    const wanted = asked === undefined ? Object.values(commands) : [asked];
    if (process.argv[2] !== '--version' && process.argv[2] !== '-V')
      for (const { register } of await Promise.all(wanted.map((load) => load()))) register(program);
    for (const command of program.commands) command.exitOverride().showHelpAfterError(true);
    await program.parseAsync();
  } catch (thrown) {
    process.exitCode = report(thrown);
  }
}

function report(thrown: unknown): number {
  // Commander has printed its own; help and version are no failure.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  if (!(thrown instanceof AgentError)) throw thrown;
  process.stderr.write(`keyferry: ${thrown.message}\n  ${thrown.remedy} [${thrown.code}]\n`);
  return 1;
}
