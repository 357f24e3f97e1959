/** The checks of the repository that no off-the-shelf tool makes: the rules of the house, and no stale generated file. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { readRepository } from './tidy/source-files.ts';
import { rules, tidy, violationLine } from './tidy/tidy.ts';

const root = resolve(import.meta.dirname, '..');

function checkHouse(): boolean {
  const files = readRepository(root);
  const violations = tidy(files);
  for (const violation of violations) process.stdout.write(`${violationLine(violation)}\n`);
  const found = violations.length === 0 ? 'all hold' : `${violations.length} broken`;
  process.stdout.write(`house rules: ${rules.length} rules, ${files.size} files, ${found}\n`);
  return violations.length === 0;
}

function checkGenerated(): boolean {
  const generate = resolve(root, 'build', 'generate.ts');
  const { status } = spawnSync(process.execPath, [generate, '--check'], { cwd: root, stdio: 'inherit' });
  process.stdout.write(`generated files: ${status === 0 ? 'up to date' : 'out of date'}\n`);
  return status === 0;
}

const results = [checkHouse(), checkGenerated()];
process.exitCode = results.every(Boolean) ? 0 : 1;
