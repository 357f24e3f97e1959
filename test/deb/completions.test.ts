import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { completions } from '../../build/deb/completions.ts';
import { manPages } from '../../build/deb/man.ts';
import { makeProgram } from '../../src/cli/program.ts';

const program = await makeProgram(undefined);
const folder = mkdtempSync(join(tmpdir(), 'keyferry-completions-'));
/** Where a shell that knows nothing of ours finds no files to offer. */
const empty = join(folder, 'empty');
mkdirSync(empty);
after(() => rmSync(folder, { recursive: true, force: true }));
for (const [path, text] of completions(program)) writeFileSync(join(folder, basename(path)), text);

const missing = (name: string): string | false =>
  spawnSync(name, ['--version']).status === 0 ? false : `missing: ${name} (Debian: apt-get install ${name})`;

/** What stands before the cursor, the last word unfinished, and what has to be offered. */
const CASES = [
  [
    ['keyferry', 'st'],
    ['status', 'store'],
  ],
  [
    ['keyferry', 'pki', ''],
    ['application', 'crl', 'init', 'node'],
  ],
  [['keyferry', 'pki', 'n'], ['node']],
  [['keyferry', 'status', '--j'], ['--json']],
  [['keyferry', 'status', '--json', '--so'], ['--socket']],
  [['keyferry', 'driver', 'nothing', ''], []],
] as const;

/** Each shell, as it runs its own completion. Those which leave it to us to drop what does not begin like the word are helped. */
const SHELLS: Readonly<Record<string, (words: readonly string[]) => readonly string[]>> = {
  bash: (words) => [
    '-c',
    `source ${folder}/keyferry; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _keyferry; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    '',
    ...words,
  ],
  zsh: (words) => [
    '-fc',
    `compadd() { shift; print -rl -- "$@"; }; _files() { :; }; words=("$@"); CURRENT=$#; source ${folder}/_keyferry`,
    'zsh',
    ...words,
  ],
  fish: (words) => ['-c', `source ${folder}/keyferry.fish; complete -C $argv[1]`, words.join(' ')],
};

for (const [shell, parameters] of Object.entries(SHELLS)) {
  test(`${shell} offers commands and options where they belong`, { skip: missing(shell) }, () => {
    for (const [words, expected] of CASES) {
      const said = execFileSync(shell, parameters(words), {
        encoding: 'utf8',
        cwd: empty,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const last = words.at(-1)!;
      const offered = said
        .split('\n')
        .map((line) => line.split('\t')[0]!)
        .filter((word) => word !== '' && word.startsWith(last));
      const ours = offered.filter((word) => last !== '' || !word.startsWith('-'));
      assert.deepEqual([...new Set(ours)].sort(), expected, `${shell}: ${words.join(' ')}`);
    }
  });
}

describe('pages of the manual', () => {
  const pages = manPages(program);

  test('there is one for each command, with its options and exit codes', () => {
    const names = program.commands.map((command) => `keyferry-${command.name()}.1`);
    for (const name of names) {
      const text = pages.get(name);
      assert.ok(text !== undefined, name);
      assert.match(text, /^\.SH OPTIONS$/m);
    }
    assert.match(pages.get('keyferry-check.1')!, /Exit code: 0 no fault, 1 faults, 2 wrong usage/);
    assert.ok(pages.has('keyferry-pki-node.1'));
  });

  test('groff has nothing to say against them', { skip: missing('groff') }, () => {
    for (const [name, text] of pages) {
      const { stderr } = spawnSync('groff', ['-K', 'utf8', '-man', '-Tutf8', '-ww', '-z'], {
        input: text,
        encoding: 'utf8',
      });
      assert.equal(stderr, '', name);
    }
  });
});
