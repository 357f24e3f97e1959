import { CommanderError } from 'commander';
import { makeProgram } from './cli/program.ts';
import { AgentError } from './errors.ts';

// Whoever read us has gone, as `head` does.
process.stdout.on('error', () => process.exit());

// In a function: the binary's one file is CommonJS, which waits for nothing at its top.
void main();

async function main(): Promise<void> {
  try {
    const program = await makeProgram(process.argv[2]);
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
