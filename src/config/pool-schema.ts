import * as z from 'zod';
import { limits } from '../limits.ts';
import { id, whole } from './fields.ts';

/** What a relay pool keeps when the configuration says nothing of it, in KMA-keys of 256 bits. */
export const poolDefaults = { low_water_keys: 2_000, high_water_keys: 8_000 } as const;

const water = (description: string, preset: number) =>
  whole(1, limits.poolKeysMax)
    .default(preset)
    .meta({ description, unit: 'KMA-keys of 256 bits', example: String(preset) });

export const pool = z.strictObject({
  kma_id: id({
    description: 'KMA ID of the far end: the destination of a route, or a plain peer.',
    example: 'C',
  }),
  low_water_keys: water('Refill by key relay starts when fewer are left.', poolDefaults.low_water_keys),
  high_water_keys: water('Refill stops here.', poolDefaults.high_water_keys),
});
