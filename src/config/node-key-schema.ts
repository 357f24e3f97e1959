import * as z from 'zod';
import { exactlyOne, path } from './fields.ts';

export type NodeKeySource =
  | { readonly file: string }
  | { readonly passphrase_file: string }
  | { readonly credential: string };

/** In the data directory of a node whose key is made from a passphrase; no secret. */
export const nodeKeySalt = { file: 'node-key.salt', bytes: 16 } as const;

export const nodeKey = z
  .strictObject({
    file: path({
      description: 'File with the node key: 32 raw bytes, or 64 hexadecimal digits and a newline.',
      example: 'node.key',
    }).optional(),
    passphrase_file: path({
      description: 'File whose first line is the passphrase from which Argon2id makes the node key.',
      example: '/etc/keyferry/passphrase',
    }).optional(),
    credential: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,255}$/, { error: 'is not the name of a credential' })
      .optional()
      .meta({
        description:
          'Name of a systemd credential (LoadCredential=) that holds the node key as `file` would; read from $CREDENTIALS_DIRECTORY.',
        limits: '1 to 255 of A–Z a–z 0–9 . _ -',
        example: 'node-key',
      }),
  })
  .superRefine((value, context) => {
    const message = exactlyOne(value, ['file', 'passphrase_file', 'credential']);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .transform((value): NodeKeySource => {
    if (value.file !== undefined) return { file: value.file };
    if (value.passphrase_file !== undefined) return { passphrase_file: value.passphrase_file };
    return { credential: value.credential ?? '' };
  })
  .meta({
    description:
      'Where the key comes from that seals everything the node keeps on disk. Exactly one of the three. Whoever loses it loses the stored key.',
  });
