import type { Command } from 'commander';
import { buildFacts, codeCacheUsed, version } from '../version.ts';

/** `keyferry version`: what to name in a report of a fault. */
export function register(program: Command): void {
  program
    .command('version')
    .summary('say what this is made of')
    .description(
      'Tells the version, the commit it was built from, and the versions of Node.js, OpenSSL, SQLite and the addons within.',
    )
    .option('--json', 'print one JSON object: version, commit, node, openssl, sqlite, code_cache, addons')
    .addHelpText('after', '\nExit code: 0; 2 wrong usage.')
    .action(({ json }: { json?: boolean }) => {
      const { node, openssl, sqlite } = process.versions;
      const { commit = 'run from sources', addons = {} } = buildFacts ?? {};
      // Refused by another processor's V8, it makes for a slower start, and for nothing else.
      const code_cache = codeCacheUsed === undefined ? 'none' : codeCacheUsed ? 'used' : 'refused';
      const facts = { version, commit, node, openssl, sqlite, code_cache, addons };
      process.stdout.write(json === true ? `${JSON.stringify(facts)}\n` : text(facts));
    });
}

function text({ addons, ...facts }: { readonly addons: Readonly<Record<string, string>> }): string {
  const rows = [...Object.entries(facts), ...Object.entries(addons)];
  return rows.map(([name, value]) => `${name.padEnd(24)} ${String(value)}\n`).join('');
}
