import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommanderError } from 'commander';
import { makeProgram } from '../../src/cli/program.ts';

/** How a command line ends that is wrong in itself: no agent is asked. */
async function wrongUsage(...words: string[]): Promise<string> {
  const program = await makeProgram(words[0]);
  let said = '';
  const output = { writeErr: (text: string) => (said += text), writeOut: (text: string) => (said += text) };
  const quiet = (command: typeof program): void => {
    command.configureOutput(output).exitOverride();
    command.commands.forEach(quiet);
  };
  quiet(program);
  await assert.rejects(program.parseAsync(['node', 'keyferry', ...words]), (thrown) => {
    assert.ok(thrown instanceof CommanderError, String(thrown));
    assert.notEqual(thrown.exitCode, 0);
    return true;
  });
  return said;
}

test('keys destroy says at once when what it is told does not go together', async () => {
  assert.match(await wrongUsage('keys', 'destroy'), /say which key/);
  assert.match(await wrongUsage('keys', 'destroy', '--block', '3'), /--block needs --pool/);
  assert.match(await wrongUsage('keys', 'destroy', '--key-id', 'x', '--all'), /--key-id stands alone/);
});

test('there is one way to ask for help, --help, and it is said', async () => {
  assert.match(await wrongUsage('help'), /Run it with --help to see how it is used/);
});
