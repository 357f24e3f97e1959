import { z } from 'zod';
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
    };

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
      .meta({ description: 'The first serial port whose USB identity fits.' }),
  })
  .superRefine((value, context) => {
    const message = exactlyOne(value, ['path', 'usb']);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .transform(
    (value): PortConfig => (value.usb === undefined ? { path: value.path ?? '' } : { usb: value.usb }),
  )
  .meta({ description: 'Where the module is: exactly one of `path` and `usb`.' });

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
  baud_rate: whole(1_200, 12_000_000)
    .default(115_200)
    .meta({ description: 'Speed of a serial port.', unit: 'bit/s', example: '115200' }),
});
