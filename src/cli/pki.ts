import { type Command, InvalidArgumentError, Option } from 'commander';
import { algorithms, type PkiAlgorithm } from '../pki/algorithms.ts';
import {
  authorityDaysDefault,
  hostsDefault,
  initPki,
  issueApplication,
  issueNode,
  leafDaysDefault,
} from '../pki/pki.ts';
import { crlDaysDefault, makeKxCrl } from '../pki/revoke.ts';

type Options = { algorithm?: PkiAlgorithm; days: number; force?: boolean };

/** `keyferry pki init|node|application|crl`: the certificates of a laboratory. */
export function register(program: Command): void {
  const pki = program
    .command('pki')
    .summary('make certificates for a laboratory')
    .description(
      [
        'Makes the certificates that a laboratory needs: two authorities, one for key managers and one for',
        'applications, and what they issue. A production network issues its own: the authority keys that are made',
        'here lie in DIR unencrypted.',
      ].join('\n'),
    );
  registerInit(pki);
  registerNode(pki);
  registerApplication(pki);
  registerCrl(pki);
}

function registerInit(pki: Command): void {
  const command = pki
    .command('init')
    .summary('make the two authorities')
    .description('Makes kx-ca.pem, kx-ca.key, application-ca.pem and application-ca.key in DIR.')
    .argument('<DIR>', 'directory of the authorities; made when it is not there');
  common(command, authorityDaysDefault, 'ecdsa-p256').action(async (dir: string, options: Options) => {
    report(await initPki(dir, options));
  });
}

function registerNode(pki: Command): void {
  const command = pki
    .command('node')
    .summary('issue what one node needs')
    .description(
      [
        'Makes in DIR/nodes/KMA_ID:',
        '  kx.pem, kx.key          for kx.certificate and kx.private_key',
        '  supply.pem, supply.key  for supply.certificate and supply.private_key',
        '  node.key                for node_key.file; one that is there is always kept',
      ].join('\n'),
    )
    .argument('<DIR>', 'directory that "keyferry pki init" made')
    .argument('<KMA_ID>', "the node's KMA ID")
    .option(
      '--host <NAME>',
      `DNS name or IP address of the node; may be repeated (default: ${hostsDefault.join(', ')})`,
      repeated,
    );
  common(command, leafDaysDefault).action(
    async (dir: string, kmaId: string, options: Options & { host?: string[] }) => {
      report(await issueNode(dir, kmaId, options.host ?? hostsDefault, options));
    },
  );
}

function registerApplication(pki: Command): void {
  const command = pki
    .command('application')
    .summary('issue what one application needs')
    .description('Makes cert.pem, key.pem and ca.pem in DIR/applications/SAE_ID.')
    .argument('<DIR>', 'directory that "keyferry pki init" made')
    .argument('<SAE_ID>', "the application's SAE ID");
  common(command, leafDaysDefault).action(async (dir: string, saeId: string, options: Options) => {
    report(await issueApplication(dir, saeId, options));
  });
}

function registerCrl(pki: Command): void {
  pki
    .command('crl')
    .summary("make the key managers' revocation list")
    .description(
      [
        'Makes DIR/kx-crl.pem, for kx.crl, or makes it anew: what was on it stays on it. Then, at every node:',
        'keyferry reload.',
      ].join('\n'),
    )
    .argument('<DIR>', 'directory that "keyferry pki init" made')
    .option(
      '--revoke <KMA_ID>',
      'revoke the Kx certificate that this node has now; may be repeated',
      repeated,
    )
    .option('--days <N>', 'when it is to be renewed at the latest', wholeDays, crlDaysDefault)
    .action(async (dir: string, options: { revoke?: string[]; days: number }) => {
      report([await makeKxCrl(dir, options.revoke ?? [], options)]);
    });
}

function common(command: Command, days: number, algorithm?: PkiAlgorithm): Command {
  const text =
    algorithm === undefined ? "of the new keys; the authority's own when left out" : 'of the new keys';
  const choice = new Option('--algorithm <NAME>', `${text}; ml-dsa-65 is post-quantum`).choices(algorithms);
  if (algorithm !== undefined) choice.default(algorithm);
  return command
    .addOption(choice)
    .option('--days <N>', 'how long the certificates are valid', wholeDays, days)
    .option('--force', 'replace certificates and keys that are there');
}

function wholeDays(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of days.');
  return Number(text);
}

function repeated(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function report(paths: readonly string[]): void {
  for (const path of paths) process.stdout.write(`${path}\n`);
}
