import { Command, CommanderError } from 'commander';
import { register as check } from './cli/check.ts';
import { register as demo } from './cli/demo.ts';
import { register as devices } from './cli/devices.ts';
import { register as pki } from './cli/pki.ts';
import { register as relay } from './cli/relay.ts';
import { register as run } from './cli/run.ts';
import { register as simulateModule } from './cli/simulate-module.ts';
import { register as status } from './cli/status.ts';
import { AgentError } from './errors.ts';
import { version } from './version.ts';

const program = new Command('keyferry')
  .description('Key manager agent for QKD nodes: Kx interface after Recommendation ITU-T Q.4163.')
  .version(version)
  .showHelpAfterError('Run it with --help to see how it is used.')
  .exitOverride();
for (const register of [run, check, status, relay, devices, pki, demo, simulateModule]) register(program);
for (const command of program.commands) command.exitOverride().showHelpAfterError(true);

try {
  await program.parseAsync();
} catch (thrown) {
  process.exitCode = report(thrown);
}

function report(thrown: unknown): number {
  // Commander has printed its own; help and version are no failure.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  if (!(thrown instanceof AgentError)) throw thrown;
  process.stderr.write(`keyferry: ${thrown.message}\n  ${thrown.remedy} [${thrown.code}]\n`);
  return 1;
}
