// Where things lie in the one linear memory that this module shares with its host. Sizes hold the limits of src/limits.ts; the host checks that.

/** What a token takes: kind with flags, start, end, after; 32 bits each. */
export const TOKEN: usize = 16;
/** What a key's row takes: start and end of its ID, start and end of its base64, bytes that this decodes to, flags; 32 bits each. */
export const ROW: usize = 24;

export const TOKENS_MAX: i32 = 16_384;
export const ROWS_MAX: i32 = 400;
export const DEPTH_MAX: i32 = 16;
export const MEMBERS_MAX: i32 = 64;

export const TOKENS: usize = 0x1_0000;
export const ROWS: usize = 0x5_0000;
/** Pad or key bytes, as many as a payload can hold in base64. */
export const PAD: usize = 0x5_4000;
export const KEYS: usize = 0x6_1000;
/** Texts that the host hands over, such as the names of members. */
export const TEXT: usize = 0x6_e000;
/** An element of an array as it was read, and its mask: what has to be the same in the elements after it. */
export const FORM: usize = 0x6_f000;
export const MASK: usize = 0x6_f800;
export const FORM_MAX: usize = 0x400;
/** One frame whose bytes lie elsewhere in the host. */
export const INPUT: usize = 0x7_0000;
/** From here on the host keeps frames. */
export const SLOTS: usize = 0x8_1000;
