import * as z from 'zod';
import { limits } from '../limits.ts';
import { exactlyOne, id, path, whole } from './fields.ts';

const usbId = (what: string, example: string) =>
  z
    .string()
    .regex(/^[0-9a-f]{4}$/, { error: 'is not four hexadecimal digits in lower case' })
    .meta({ description: `USB ${what} ID, in quotes.`, limits: 'four hexadecimal digits', example });

export type PortConfig =
  | { readonly path: string }
  | {
      readonly usb: {
        readonly vendor: string;
        readonly product: string;
        readonly serial?: string | undefined;
      };
    }
  | { readonly folder: { readonly path: string; readonly format: 'numbered' | 'type-7' } }
  | { readonly program: string[] };

const folder = z.strictObject({
  path: path({ description: 'Path of the folder.', example: '/var/spool/qkd' }),
  format: z.enum(['numbered', 'type-7']).meta({
    description:
      'How files are named and read: `numbered` is `17.key`, a block number and bare key; `type-7` are final key files of the S-Fifteen stack.',
    example: 'numbered',
  }),
});

const program = z
  .array(
    z
      .string()
      .max(4_096, { error: 'is longer than 4096 characters' })
      .refine((text) => !text.includes('\0'), { error: 'holds a NUL character' })
      .meta({
        description: 'The absolute path, or an argument.',
        limits: 'text',
        example: '/opt/qkd/module',
      }),
  )
  .min(1, { error: 'names no program' })
  .max(limits.programArgumentsMax, { error: `has more than ${limits.programArgumentsMax} parts` })
  .refine((parts) => parts[0]?.startsWith('/') === true, { error: 'must begin with an absolute path' })
  .meta({
    description: 'A program that speaks the firmware bridge: its absolute path, then its arguments.',
    limits: `1 to ${limits.programArgumentsMax} of text`,
    example: '["/opt/qkd/module", "--device", "0"]',
  });

const port = z
  .strictObject({
    path: path({ description: 'Path of the serial device.', example: '/dev/ttyUSB0' }).optional(),
    usb: z
      .strictObject({
        vendor: usbId('vendor', '"0403"'),
        product: usbId('product', '"6001"'),
        serial: z
          .string()
          .min(1, { error: 'must not be empty' })
          .max(126, { error: 'is longer than 126 characters' })
          .optional()
          .meta({
            description: 'USB serial number; needed where two like modules are plugged in.',
            limits: '1 to 126 characters',
            example: 'SN42',
          }),
      })
      .optional()
      .meta({ description: 'The first device whose USB identity fits.' }),
    folder: folder.optional().meta({ description: 'The folder into which key files are dropped.' }),
    program: program.optional(),
  })
  .superRefine((value, context) => {
    const message = exactlyOne(value, ['path', 'usb', 'folder', 'program']);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .transform(({ path: device, usb, folder: dropped, program: command }): PortConfig => {
    if (usb !== undefined) return { usb };
    if (dropped !== undefined) return { folder: dropped };
    return command === undefined ? { path: device ?? '' } : { program: command };
  })
  .meta({ description: 'Where the module is: exactly one of `path`, `usb`, `folder` and `program`.' });

export const link = z.strictObject({
  peer: id({
    description: "KMA ID of the neighbour at the link's other end; one of `kx.peers`, in one link only.",
    example: 'B',
  }),
  link_id: id({
    description: 'When given, a module that names another link is refused.',
    example: 'ab-1',
  }).optional(),
  driver: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, { error: 'is not the name of a driver' })
    .meta({
      description:
        'The driver that speaks to the module; `keyferry devices` names the drivers that fit what is plugged in.',
      limits: 'name of a driver',
      example: 'bridge-serial',
    }),
  port,
  module_key: path({
    description:
      'File of the key that is provisioned in the module, 32 bytes or 64 hexadecimal digits, mode 0600. With it the module proves itself, and all that passes is sealed.',
    example: '/etc/keyferry/module-ab.key',
  }).optional(),
  unauthenticated_module: z.boolean().default(false).meta({
    description:
      'Take key from whatever is on the port, proved by nothing. Exactly one of this and `module_key` is to be given.',
    example: 'true',
  }),
  qber_max: z
    .number()
    .min(0.0001, { error: 'must be at least 0.0001' })
    .max(0.5, { error: 'must be at most 0.5' })
    .optional()
    .meta({
      description:
        'Blocks whose quantum bit error rate is above this fraction, or is not known, are refused; a block without one has that of its module in telemetry, for which it waits 5 s. Without it no block is refused for its error rate.',
      limits: '0.0001 to 0.5',
      example: '0.08',
    }),
  suspect_release: z.enum(['operator', 'alarm_end']).default('operator').meta({
    description:
      'What ends the hold on the newest blocks after an alarm that makes them suspect: an operator with `keyferry module PEER release`, or the end of all such alarms. One counts as ended, too, that a module opened anew has not told again for 30 s.',
    example: 'operator',
  }),
  suspect_blocks: z.enum(['hold', 'destroy']).default('hold').meta({
    description:
      'What becomes of the newest blocks after such an alarm. `hold`: they are kept out of use, and used like any others after the hold. `destroy`: those of the last minute are destroyed, the neighbour gives up what it would have taken of them, and what comes until the hold ends is refused and lost; so set `suspect_release: alarm_end` where nobody is near.',
    example: 'hold',
  }),
  baud_rate: whole(1_200, 12_000_000)
    .default(115_200)
    .meta({ description: 'Speed of a serial port.', unit: 'bit/s', example: '115200' }),
});
