import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseModule, parseTelemetry } from '../../drivers/ascii-lines/lines.ts';

/** A line that remembers whether it was made a string as a whole. */
function watched(text: string): { readonly line: Buffer; readonly madeString: () => boolean } {
  const line = Buffer.from(text, 'latin1');
  let made = false;
  line.toString = (encoding, from = 0, to = line.length) => {
    if (to - from > 16) made = true;
    return Buffer.prototype.toString.call(line, encoding, from, to);
  };
  return { line, madeString: () => made };
}

test('a greeting is read up to its greatest length', () => {
  const [id, link, firmware] = ['i', 'l', 'f'].map((letter) => letter.repeat(64));
  assert.deepEqual(parseModule(Buffer.from(`MODULE ${id} ${link} TX ${firmware}`)), {
    moduleId: id,
    linkId: link,
    role: 'tx',
    firmwareVersion: firmware,
  });
  assert.equal(parseModule(Buffer.from(`MODULE ${id} ${link} TX ${firmware}x`)), undefined);
});

test('key where a greeting or telemetry is awaited is never made a string', () => {
  const key = '3a7f2291'.repeat(8);
  for (const text of [`KEY 1 2 ${key} 01234567`, `KEY 1 2 ${key.repeat(32)} 01234567`]) {
    const { line, madeString } = watched(text);
    assert.equal(parseModule(line), undefined);
    assert.equal(madeString(), false);
  }
  const { line, madeString } = watched(`STAT qber=0.0KEY 1 2 ${key} 01234567`);
  assert.equal(parseTelemetry(line), undefined);
  assert.equal(madeString(), false);
});
