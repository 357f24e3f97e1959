/** Loaded before a program (`--import`): its disk says that it has synced, and has not. That tests of a power cut find it shows that they can fail. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const fdatasync = (_fd: number, done: fs.NoParamCallback): void => {
  setImmediate(done, null);
};
Object.assign(fs, { fdatasync });
syncBuiltinESMExports();
