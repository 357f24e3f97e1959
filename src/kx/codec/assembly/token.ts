// What the first word of a token says: its kind in the low byte, and flags. The host knows the kinds by these numbers.
export const OBJECT: i32 = 0;
export const ARRAY: i32 = 1;
export const STRING: i32 = 2;
export const NUMBER: i32 = 3;
export const TRUE: i32 = 4;
export const FALSE: i32 = 5;
export const NULL: i32 = 6;
/** Flag: a backslash stands in the string. */
export const ESCAPED: i32 = 1 << 8;
