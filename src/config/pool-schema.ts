import * as z from 'zod';
import { limits } from '../limits.ts';
import { id, whole } from './fields.ts';

/** What a relay pool keeps when the configuration says nothing of it, in KMA-keys of 256 bits. */
export const poolDefaults = { low_water_keys: 2_000, high_water_keys: 8_000 } as const;

const keys = (description: string, most: number, example: number) =>
  whole(1, most).meta({ description, unit: 'KMA-keys of 256 bits', example: String(example) });
const water = (what: string, preset: number) =>
  keys(`Of a relay pool: ${what}. Usually ${preset}.`, limits.poolKeysMax, preset).optional();

export const pool = z.strictObject({
  kma_id: id({
    description: 'KMA ID of the far end: the peer of a link, the destination of a route, or a plain peer.',
    example: 'C',
  }),
  low_water_keys: water('refill by key relay starts when fewer are left', poolDefaults.low_water_keys),
  high_water_keys: water('refill stops here', poolDefaults.high_water_keys),
  max_keys: keys(
    'The pool holds no more. Each direction of a link pool has half of it.',
    limits.poolBytesMax / limits.unitBytes,
    limits.poolBytesUsual / limits.unitBytes,
  ).default(limits.poolBytesUsual / limits.unitBytes),
  when_full: z.enum(['refuse', 'oldest_first']).default('refuse').meta({
    description:
      'What a full pool does with new key: refuse it, or destroy what is oldest. Of key from which the far end takes, only what it has done with makes room.',
    example: 'refuse',
  }),
  max_age_hours: z
    .number()
    .min(0.1, { error: 'must be at least 0.1' })
    .max(limits.keyLifetimeHoursMax, { error: `must be at most ${limits.keyLifetimeHoursMax}` })
    .default(limits.ownKeyLifetimeMs / 3_600_000)
    .meta({
      description:
        'Key is destroyed when it came so long ago; key from which the far end takes an hour later. Both ends of a pool should say the same.',
      unit: 'hours',
      limits: `0.1 to ${limits.keyLifetimeHoursMax}`,
      example: '24',
    }),
});
