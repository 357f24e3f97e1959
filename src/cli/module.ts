import { Argument, type Command } from 'commander';
import { linkNamed } from '../observe/link-name.ts';
import type { LinkStatus, Status } from '../observe/status.ts';
import { callAgent } from './control-client.ts';
import { giveOrder, orders } from './module-command.ts';
import { type SocketOptions, socketOf, socketOption } from './socket-option.ts';

type Options = SocketOptions & { readonly watch?: boolean; readonly json?: boolean };

const WATCH_MS = 1_000;

/** `keyferry module LINK [COMMAND]`: shows the module of a QKD link, once or live, or has it do something. */
export function register(program: Command): void {
  const command = program
    .command('module')
    .summary('show the module of a QKD link, or have it do something')
    .description(
      [
        'Shows the module of one QKD link of a running agent: who it is, what it measures, blocks and rates. Never shows key.',
        'With a command it gives that command to the module, and waits for what becomes of it.',
      ].join('\n'),
    )
    .argument('<LINK>', 'the KMA ID at the other end of the link, the ID of the link or of the module')
    .addArgument(new Argument('[COMMAND]', 'what to do').choices(Object.keys(orders)))
    .option('--watch', 'go on showing it every second until interrupted')
    .option('--json', 'print JSON objects, one a line; of a command: outcome, text')
    .addHelpText('after', HELP);
  socketOption(command).action(async (link: string, order: string | undefined, options: Options) => {
    if (order !== undefined && options.watch === true) command.error('error: --watch takes no COMMAND');
    const socket = await socketOf(options);
    if (order !== undefined) await giveOrder(socket, link, order, options.json === true);
    else await show(socket, link, options);
  });
}

const HELP = [
  '',
  'Commands:',
  ...Object.entries(orders).map(([name, what]) => `  ${name.padEnd(10)} ${what}`),
  '',
  'Exit code: 0 shown or done, 1 failed or not supported (the reason is printed), 2 wrong usage.',
].join('\n');

async function show(socket: string, name: string, options: Options): Promise<void> {
  let before: Sample | undefined;
  do {
    const now: Sample = { link: await moduleOf(socket, name), atMs: performance.now() };
    process.stdout.write(options.json === true ? `${JSON.stringify(now.link)}\n` : moduleText(now, before));
    before = now;
    if (options.watch === true) await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
  } while (options.watch === true);
}

type Sample = { readonly link: LinkStatus; readonly atMs: number };

async function moduleOf(socket: string, name: string): Promise<LinkStatus> {
  const { links } = await callAgent<Status>(socket, 'GET', '/v1/status');
  return linkNamed(links, name);
}

/** The whole at first, then one line for each second. */
export function moduleText(now: Sample, before?: Sample): string {
  const { link } = now;
  const seconds = before === undefined ? 0 : (now.atMs - before.atMs) / 1_000;
  const rate = (count: (link: LinkStatus) => number): string =>
    before === undefined || seconds === 0
      ? '–'
      : String(Math.max(0, Math.round((count(link) - count(before.link)) / seconds)));
  const cells = [
    link.state.padEnd(5),
    (link.qber === null ? '–' : `${(link.qber * 100).toFixed(2)} %`).padStart(8),
    (link.skr === null ? '–' : String(Math.round(link.skr))).padStart(12),
    String(link.blocks_stored).padStart(10),
    rate((one) => one.blocks_stored).padStart(9),
    rate((one) => one.bytes_stored * 8).padStart(12),
    String(link.blocks_synchronised).padStart(10),
    String(link.blocks_refused + link.blocks_quarantined).padStart(8),
    link.alarms.map(({ code }) => code).join(' '),
  ];
  const line = `${cells.join('  ').trimEnd()}\n`;
  return before === undefined ? heading(link) + line : line;
}

function heading({ peer, driver, module, state, last_lost }: LinkStatus): string {
  const who =
    module === null
      ? `no module (${state}: ${last_lost ?? 'not yet open'})`
      : `module ${module.moduleId} (${module.role}, firmware ${module.firmwareVersion || 'unknown'}) on link ${module.linkId}`;
  const columns = [
    'state',
    'QBER'.padStart(8),
    'SKR bit/s'.padStart(12),
    'blocks'.padStart(10),
    'blocks/s'.padStart(9),
    'taken bit/s'.padStart(12),
    'in step'.padStart(10),
    'refused'.padStart(8),
    'alarms',
  ];
  return `to ${peer} by ${driver}: ${who}\n${columns.join('  ')}\n`;
}
