import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { AgentError, messageOf } from '../errors.ts';
import { streamOf } from '../kx/decode/capture.ts';
import { readHexText } from '../kx/decode/hex-text.ts';
import { countFaults, streamJson, streamText } from '../kx/decode/report.ts';
import { decodeStream } from '../kx/decode/stream.ts';
import { limits } from '../limits.ts';

type Options = { hex?: string; json?: boolean };

/** `keyferry decode`: the messages of a captured Kx byte stream in words. */
export function register(program: Command): void {
  program
    .command('decode')
    .summary('print captured Kx messages in words')
    .description(
      [
        'Prints the messages of a Kx byte stream (Q.4163) in words: header, command, members, the pad that protects the message, and every fault with its offset and clause. Keys are left out; only their sizes are shown.',
        'FILE holds one direction of a connection, as raw bytes or as hexadecimal text: digits with or without spaces, or what xxd and hexdump -C print. Without FILE it is read from standard input.',
      ].join('\n'),
    )
    .argument('[FILE]', 'what was captured')
    .option('--hex <TEXT>', 'the bytes themselves, as hexadecimal text')
    .option('--json', 'print one JSON object: parts, faults')
    .addHelpText('after', '\nExit code: 0 no fault, 1 faults or nothing that could be read, 2 wrong usage.')
    .action((file: string | undefined, options: Options, command: Command) => {
      if (file !== undefined && options.hex !== undefined)
        command.error('error: give FILE or --hex, not both');
      return decode(file, options);
    });
}

async function decode(file: string | undefined, options: Options): Promise<void> {
  const captured = options.hex === undefined ? await capturedIn(file) : Buffer.from(options.hex, 'latin1');
  let stream: Buffer | undefined;
  try {
    stream = options.hex === undefined ? streamOf(captured) : readHexText(captured);
    if (stream.length === 0) throw unreadable('holds nothing to decode', file);
    const parts = decodeStream(stream);
    const text = options.json === true ? JSON.stringify(streamJson(parts), null, 2) : streamText(parts);
    process.stdout.write(`${text}\n`);
    process.exitCode = countFaults(parts) === 0 ? 0 : 1;
  } finally {
    captured.fill(0);
    stream?.fill(0);
  }
}

async function capturedIn(file: string | undefined): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of file === undefined ? process.stdin : createReadStream(file)) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes > limits.decodeBytesMax)
        throw unreadable(`is longer than ${limits.decodeBytesMax} bytes`, file);
    }
    return Buffer.concat(chunks);
  } catch (thrown) {
    throw thrown instanceof AgentError
      ? thrown
      : unreadable(`cannot be read: ${messageOf(thrown)}`, file, thrown);
  } finally {
    for (const chunk of chunks) chunk.fill(0);
  }
}

function unreadable(why: string, file: string | undefined, cause?: unknown): AgentError {
  return new AgentError('decode.unreadable', `${file ?? 'standard input'} ${why}`, {
    fault: 'host',
    remedy: 'Give a readable capture, in pieces if it is long.',
    cause,
  });
}
