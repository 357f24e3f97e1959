import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseHostPort } from '../config/address.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { Check } from '../probe/check.ts';
import { allChecks } from '../probe/checks/all.ts';
import { spellings } from '../probe/encode.ts';
import type { ProbeOptions } from '../probe/probe.ts';
import { type Finding, runChecks } from '../probe/run.ts';
import { table } from './table.ts';
import { whole } from './whole.ts';

type Options = {
  certificate: string;
  privateKey: string;
  ca: string;
  kmaId?: string;
  furtherDestination?: string;
  session?: string;
  protocol: ProbeOptions['protocol'];
  memberNames: ProbeOptions['spelling'];
  unprotectedKey?: true;
  timeout: number;
  pace: number;
  check?: string[];
  json?: true;
};

/** `keyferry probe`: tests any key manager for conformance to Q.4163, from outside. */
export function register(program: Command): void {
  program
    .command('probe')
    .summary('test a key manager for conformance to Q.4163')
    .description(
      [
        'Connects to any key manager (KM), of this make or another, as a neighbour and runs the procedures of Q.4163 and hostile cases against it. After each hostile case the KM has to serve a good connection as before.',
        'The certificate names the KMA that the probe is. Give it a KMA ID of its own, configured at the KM as a plain neighbour, and never that of a node in service: a probe takes the place of its connection, and with --protocol keyferry the KM takes it for a node with a new store, and destroys the key shared with it. The keys that it sends are random and thrown away.',
      ].join('\n'),
    )
    .argument('<HOST:PORT>', "the KM's Kx interface", address)
    .requiredOption(
      '--certificate <FILE>',
      "the probe's certificate (PEM); its common name is the probe's KMA ID",
    )
    .requiredOption('--private-key <FILE>', 'the private key of the certificate (PEM)')
    .requiredOption('--ca <FILE>', 'certificates of the authority of key managers (PEM)')
    .option('--kma-id <ID>', 'the KMA ID that the KM is expected to have')
    .option('--further-destination <ID>', 'a KMA behind the KM, to which it relays key')
    .option('--session <ID>', 'a session for key supply that the KM knows; random when left out')
    .option('--unprotected-key', 'send key relay messages, their keys protected by TLS alone')
    .addOption(
      new Option('--protocol <NAME>', 'plain Q.4163, or keyferry/1 as far as it goes without key')
        .choices(['plain', 'keyferry'])
        .default('plain'),
    )
    .addOption(
      new Option('--member-names <EXAMPLE>', 'how names of JSON members are spelt')
        .choices([...spellings])
        .default(spellings[0]),
    )
    .option('--timeout <SECONDS>', 'bound of every wait, 1 to 60', whole(1, 60), 3)
    .option(
      '--pace <N>',
      'connections a second, 1 to 1000: the KM may bound how often a neighbour connects',
      whole(1, 1_000),
      4,
    )
    .option('--check <NAME>', 'run this check only; may be repeated', checkName)
    .option('--json', 'print one JSON object: target, findings, and how many of each result')
    .addHelpText(
      'after',
      `\nChecks: ${allChecks.map(({ name }) => name).join(' ')}\n\nExit code: 0 no check failed, 1 some failed or the probe could not run, 2 wrong usage.`,
    )
    .action(probe);
}

async function probe(target: { host: string; port: number }, options: Options): Promise<void> {
  const checks = chosen(options);
  const settings = probeOptions(target, options);
  const findings = await runChecks(checks, settings, (finding) => progress(finding, options));
  settings.privateKey.fill(0);
  const count = (result: Finding['result']) => findings.filter((finding) => finding.result === result).length;
  const results = { pass: count('pass'), fail: count('fail'), not_answered: count('not-answered') };
  if (options.json === true)
    process.stdout.write(
      `${JSON.stringify({ target: `${target.host}:${target.port}`, findings, results }, null, 2)}\n`,
    );
  else
    process.stdout.write(
      `${report(findings)}\n\n${results.pass} pass, ${results.fail} fail, ${results.not_answered} not answered\n`,
    );
  process.exitCode = results.fail === 0 ? 0 : 1;
}

function chosen({ protocol, check: wanted }: Options): readonly Check[] {
  const fits = allChecks.filter((check) => (check.protocol ?? protocol) === protocol);
  const odd = wanted?.find((name) => !fits.some((check) => check.name === name));
  if (odd !== undefined) {
    throw new AgentError('probe.check', `the check ${odd} is not for --protocol ${protocol}`, {
      fault: 'configuration',
      remedy: 'Give the other protocol, or leave the check out.',
    });
  }
  return wanted === undefined ? fits : fits.filter(({ name }) => wanted.includes(name));
}

// One line that changes, on a terminal only: the table comes at the end.
function progress({ name, result }: Finding, { json }: Options): void {
  if (json !== true && process.stderr.isTTY) process.stderr.write(`\r\x1b[K${name}: ${result}\r\x1b[K`);
}

function report(findings: readonly Finding[]): string {
  const rows = findings.map(({ name, clause, result, title, reason }) => [
    name,
    clause,
    result === 'fail' ? 'FAIL' : result,
    `${title}: ${printable(reason)}`,
  ]);
  return table(['check', 'clause', 'result', 'what'], rows);
}

// Reasons quote the KM, which may be anybody's.
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '·').slice(0, 200);
}

function probeOptions(target: { host: string; port: number }, options: Options): ProbeOptions {
  const [certificate, privateKey, ca] = [
    read(options.certificate),
    read(options.privateKey),
    read(options.ca),
  ];
  return {
    ...target,
    certificate,
    privateKey,
    ca,
    self: selfIn(certificate, privateKey, ca, options.certificate),
    kmaId: options.kmaId,
    furtherDestination: options.furtherDestination,
    session: options.session,
    protocol: options.protocol,
    spelling: options.memberNames,
    unprotectedKey: options.unprotectedKey === true,
    timeoutMs: options.timeout * 1000,
    connectionsPerSecond: options.pace,
  };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    throw unusable(`cannot read ${path}: ${messageOf(thrown)}`, thrown);
  }
}

function selfIn(cert: Buffer, key: Buffer, ca: Buffer, path: string): string {
  let subject: string;
  try {
    createSecureContext({ cert, key, ca });
    subject = new X509Certificate(cert).subject;
  } catch (thrown) {
    throw unusable(`certificate, private key or authority cannot be used: ${messageOf(thrown)}`, thrown);
  }
  const names = subject.split('\n').filter((line) => line.startsWith('CN='));
  if (names.length !== 1) throw unusable(`${path} has ${names.length} common names, not one`);
  return names[0]!.slice('CN='.length);
}

function unusable(message: string, cause?: unknown): AgentError {
  return new AgentError('probe.credentials', message, {
    fault: 'configuration',
    remedy:
      'Give PEM files as for kx.certificate, kx.private_key and kx.ca; "keyferry pki node" makes them for a laboratory.',
    cause,
  });
}

function address(text: string): { host: string; port: number } {
  const parsed = parseHostPort(text);
  if (parsed === undefined || parsed.port === 0)
    throw new InvalidArgumentError('It must be HOST:PORT or [IPV6]:PORT.');
  return parsed;
}

function checkName(name: string, before: string[] = []): string[] {
  if (!allChecks.some((check) => check.name === name))
    throw new InvalidArgumentError('There is no such check.');
  return [...before, name];
}
