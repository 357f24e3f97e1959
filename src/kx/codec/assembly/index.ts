export {
  compactKeys,
  consecutiveIds,
  coverKeys,
  findKeys,
  foundBytes,
  foundFlags,
  mixPads,
  uncoverKeys,
  writeKeys,
} from './keys';
export {
  DEPTH_MAX,
  INPUT,
  KEYS,
  MEMBERS_MAX,
  PAD,
  ROWS,
  ROWS_MAX,
  SLOTS,
  TEXT,
  TOKENS,
  TOKENS_MAX,
} from './layout';
export { scan, scannedTo } from './scan';
