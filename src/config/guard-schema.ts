import * as z from 'zod';
import { path } from './fields.ts';

export const rollbackGuard = z
  .strictObject({
    file: path({
      description:
        'File of at most 1,024 bytes, on another device than `data_directory`; made when it is not there.',
      example: '/media/guard/keyferry',
    }),
  })
  .meta({
    description:
      'A second memory of how far the key store has come. A store that is put back from a copy, and so holds key that may have been used, is noticed and discarded. One that was left out for a time and is set again finds its store. Each change of the store waits for it.',
  });

export const tamper = z
  .strictObject({
    file: path({
      description: 'File that a tamper switch changes: a GPIO value, or any other; read ten times a second.',
      example: '/sys/class/gpio/gpio17/value',
    }),
    value: z
      .string()
      .min(1, { error: 'must not be empty' })
      .max(64, { error: 'is longer than 64 characters' })
      .refine((value) => value === value.trim(), {
        error: 'has white space at its ends, which the file is read without',
      })
      .default('1')
      .meta({
        description: 'What the file says, without white space at its ends, when the node is to be zeroized.',
        limits: '1 to 64 characters',
        example: '1',
      }),
  })
  .meta({ description: 'Zeroizes the node when a switch says so.' });
