/** Writes the golden files of the fault vectors anew: `build/node test/kx/fault-vectors/write.ts`, then `npm run format`. */
import { writeFileSync } from 'node:fs';
import { faultFiles, setting } from './index.ts';

function write(name: string, content: unknown): void {
  const path = new URL(`../../golden/kx/${name}.json`, import.meta.url);
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
}

write('fault-setting', setting());
for (const [name, vectors] of Object.entries(faultFiles)) write(name, vectors());
