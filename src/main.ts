import { CommanderError } from 'commander';
import { makeProgram } from './cli/program.ts';
import { AgentError, ZEROIZED } from './errors.ts';
import { limits } from './limits.ts';

// Read when the first thread of the pool is needed.
process.env['UV_THREADPOOL_SIZE'] ??= String(limits.poolThreads);

/** As Node.js itself says it. */
const HANGS = 13;

// Whoever read us has gone, as `head` does: they have what they wanted. A command that has something to undo listens for itself.
process.stdout.on('error', () => {
  if (process.stdout.listenerCount('error') > 1) return;
  process.exit(process.exitCode === HANGS ? 0 : process.exitCode);
});

// In a function: the binary's one file is CommonJS, which waits for nothing at its top.
void main();

async function main(): Promise<void> {
  // Whoever waits for what can never come ends so, and not as if all were well.
  process.exitCode = HANGS;
  try {
    const program = await makeProgram(process.argv[2]);
    await program.parseAsync();
    if (process.exitCode === HANGS) process.exitCode = 0;
  } catch (thrown) {
    process.exitCode = report(thrown);
  }
}

function report(thrown: unknown): number {
  // Commander has printed its own; help and version are no failure.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  if (!(thrown instanceof AgentError)) throw thrown;
  // For programs that read what is on standard output, as the control socket says it.
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error: thrown })}\n`);
  process.stderr.write(`keyferry: ${thrown.message}\n  ${thrown.remedy} [${thrown.code}]\n`);
  return thrown.code === 'host.zeroized' ? ZEROIZED : 1;
}
