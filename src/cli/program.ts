import { Command } from 'commander';
import { version } from '../version.ts';

type Registers = { register(program: Command): void };

// Loaded only when asked for: `keyferry status` need not wait for the parts that make certificates.
const commands: Readonly<Record<string, () => Promise<Registers>>> = {
  run: () => import('./run.ts'),
  check: () => import('./check.ts'),
  status: () => import('./status.ts'),
  relay: () => import('./relay.ts'),
  keys: () => import('./keys.ts'),
  zeroize: () => import('./zeroize.ts'),
  commission: () => import('./commission.ts'),
  'rotate-node-key': () => import('./rotate-node-key.ts'),
  audit: () => import('./audit.ts'),
  reload: () => import('./reload.ts'),
  probe: () => import('./probe.ts'),
  decode: () => import('./decode.ts'),
  devices: () => import('./devices.ts'),
  module: () => import('./module.ts'),
  driver: () => import('./driver.ts'),
  pki: () => import('./pki.ts'),
  store: () => import('./store.ts'),
  demo: () => import('./demo.ts'),
  bench: () => import('./bench.ts'),
  'simulate-module': () => import('./simulate-module.ts'),
  version: () => import('./version.ts'),
  licenses: () => import('./licenses.ts'),
};

/** The command line. @param first its first word: only that command is loaded, or none for `--version`; all when it is none of ours */
export async function makeProgram(first: string | undefined): Promise<Command> {
  const program = new Command('keyferry')
    .description('Key manager agent for QKD nodes: Kx interface after Recommendation ITU-T Q.4163.')
    .version(version)
    .showHelpAfterError('Run it with --help to see how it is used.')
    // `--help` says the same, of every command.
    .helpCommand(false)
    .exitOverride();
  if (first === '--version' || first === '-V') return program;
  const asked = commands[first ?? ''];
  const wanted = asked === undefined ? Object.values(commands) : [asked];
  for (const { register } of await Promise.all(wanted.map((load) => load()))) register(program);
  for (const command of program.commands) command.exitOverride().showHelpAfterError(true);
  return program;
}
