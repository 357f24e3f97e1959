import { type Command, InvalidArgumentError } from 'commander';

/** `keyferry driver`: what a maker of modules needs to write a driver. */
export function register(program: Command): void {
  const command = program
    .command('driver')
    .summary('make, try and record drivers for modules')
    .description('For those who write a driver for a QKD module. docs/drivers.md tells how.');
  command.exitOverride();
  registerNew(command);
  registerTest(command);
  registerRecord(command);
}

function registerNew(command: Command): void {
  command
    .command('new')
    .summary('make the folder of a driver')
    .description(
      [
        'Makes a folder with a driver, its manifest, a transcript that the contract suite plays, and a README. It is the',
        'driver ascii-lines under another name: a driver that works, to be changed step by step. Run it in the source tree.',
      ].join('\n'),
    )
    .argument('<NAME>', 'its ID: lower-case letters, digits and hyphens', driverName)
    .option('--dir <DIR>', 'the folder in which its folder is made', 'drivers')
    .addHelpText('after', '\nExit code: 0 made, 1 it cannot be made, 2 wrong usage.')
    .action(async (name: string, { dir }: { dir: string }) => {
      const { newDriver } = await import('./driver/new.ts');
      const made = await newDriver(name, dir);
      process.stdout.write(
        [
          ...made.map((path) => `made ${path}`),
          `Next: keyferry driver test ${dir}/${name}, and name it in drivers/registry.ts.`,
          '',
        ].join('\n'),
      );
    });
}

function registerTest(command: Command): void {
  command
    .command('test')
    .summary('try a driver against the contract')
    .description(
      [
        'Runs the contract suite on the driver in a folder: what drivers/driver.ts guarantees, claim by claim, on a real',
        'terminal behind which session.transcript is played.',
      ].join('\n'),
    )
    .argument('<DIR>', 'folder with driver.ts and session.transcript')
    .addHelpText('after', '\nExit code: 0 every claim holds, 1 one does not, 2 wrong usage.')
    .action(async (folder: string) => {
      const { testDriver } = await import('./driver/test.ts');
      const held = await testDriver(folder, (line) => void process.stdout.write(`${line}\n`));
      // A driver that was found not to close may hold its port, and with it this process, for ever.
      process.exit(held ? 0 : 1);
    });
}

function registerRecord(command: Command): void {
  command
    .command('record')
    .summary('write the session of a device down as a transcript')
    .description(
      [
        'Opens a device with a driver for some seconds and writes down every byte both ways. For a laboratory: what goes over',
        'the line is key. Blocks are answered as refused, so that they never come into use; the file is yours alone (0600).',
      ].join('\n'),
    )
    .argument('<DIR>', 'folder of the driver')
    .argument('<DEVICE>', 'path of the serial device')
    .argument('<FILE>', 'the transcript to write; must not exist')
    .requiredOption('--lab', 'say that this link is not in service, and that its key will never be used')
    .option('--baud-rate <BIT/S>', 'speed of the port', baudRate, 115_200)
    .option('--seconds <N>', 'how long', seconds, 10)
    .addHelpText('after', '\nExit code: 0 written, 1 failed, 2 wrong usage.')
    .action(
      async (
        folder: string,
        device: string,
        file: string,
        options: { baudRate: number; seconds: number },
      ) => {
        const { recordSession } = await import('./driver/record.ts');
        const { blocks } = await recordSession({ folder, device, file, ...options });
        process.stdout.write(`${file}: a session with ${blocks} blocks. It holds their key.\n`);
      },
    );
}

function driverName(text: string): string {
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(text) && text.length <= 64) return text;
  throw new InvalidArgumentError('Lower-case letters, digits and single hyphens, up to 64.');
}

function baudRate(text: string): number {
  return whole(text, 1_200, 12_000_000);
}

function seconds(text: string): number {
  return whole(text, 1, 3_600);
}

function whole(text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new InvalidArgumentError(`A whole number from ${min} to ${max}.`);
}
