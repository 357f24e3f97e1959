import type { Fault, Message } from './message.ts';
import type { Shown } from './shown.ts';
import type { Gap, Part } from './stream.ts';

const TEXT_CHARS_MAX = 120;

export function countFaults(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + ('gap' in part ? part.gap : part.message).faults.length, 0);
}

/** The stream in words, a message a paragraph. */
export function streamText(parts: readonly Part[]): string {
  const paragraphs = parts.map((part) => ('gap' in part ? gapLines(part.gap) : messageLines(part.message)));
  const messages = parts.filter((part) => 'message' in part).length;
  const faults = countFaults(parts);
  const sum = `${plural(messages, 'message')}, ${faults === 0 ? 'no fault' : plural(faults, 'fault')}`;
  return [...paragraphs.map((lines) => lines.join('\n')), sum].join('\n\n');
}

function messageLines({ offset, header, name, payload, pad, faults }: Message): string[] {
  const code = `0x${header.command.toString(16).padStart(4, '0')}`;
  const lines = [
    `offset ${offset}: message ${header.messageId}, ${name ?? 'unknown command'} (${code}), version ${header.version}, ${header.length} bytes of payload`,
  ];
  if (payload !== undefined) lines.push(...valueLines(payload, '  '));
  else lines.push('  payload not shown: it cannot be read');
  if (pad !== undefined) {
    const rows = pad.map(({ number, index, units }) =>
      units === 1
        ? `block ${number} unit ${index}`
        : `block ${number} units ${index} to ${index + units - 1}`,
    );
    lines.push(`  protected on this hop by pad of ${rows.join(', ')}`);
  }
  return [...lines, ...faults.map(faultLine)];
}

function gapLines({ offset, bytes, cut, faults }: Gap): string[] {
  const head = cut
    ? `offset ${offset}: ${plural(bytes, 'byte')} of a message that the stream does not have whole; stopped here`
    : `offset ${offset}: ${plural(bytes, 'byte')} that are no message, passed over`;
  return [head, ...faults.map(faultLine)];
}

function faultLine({ offset, clause, text }: Fault): string {
  return `  FAULT at offset ${offset}: ${text} (${clause})`;
}

function valueLines(value: Shown, indent: string): string[] {
  if (value.kind === 'object')
    return value.members.flatMap(([name, inner]) => entryLines(`${printable(name)}:`, inner, indent));
  if (value.kind === 'array')
    return value.elements.flatMap((inner, i) => entryLines(`[${i}]`, inner, indent));
  return [`${indent}${short(value)}`];
}

function entryLines(label: string, value: Shown, indent: string): string[] {
  if (isFlat(value)) return [`${indent}${label} ${short(value)}`];
  const count = value.kind === 'array' ? ` ${value.elements.length}` : '';
  return [`${indent}${label}${count}`, ...valueLines(value, `${indent}  `)];
}

// Lists of plain values and empty things fit their line.
function isFlat(value: Shown): boolean {
  if (value.kind === 'object') return value.members.length === 0;
  if (value.kind !== 'array') return true;
  return value.elements.every(
    (element) =>
      element.kind !== 'object' &&
      (element.kind !== 'array' || isFlat(element)) &&
      value.elements.length <= 8,
  );
}

function short(value: Shown): string {
  switch (value.kind) {
    case 'object':
      return '{}';
    case 'array':
      return `[${value.elements.map(short).join(', ')}]`;
    case 'text':
      return `"${cutShort(printable(value.text))}"`;
    case 'literal':
      return value.text;
    case 'hidden':
      return value.bytes === undefined
        ? `not base64, ${value.letters} characters, hidden`
        : `${plural(value.bytes, 'byte')}, hidden`;
    default:
      return value satisfies never;
  }
}

/** For `--json`: members as they are spelt; key is `{"hidden_bytes": N}`, `null` where its text is no base64. */
export function streamJson(parts: readonly Part[]): object {
  const listed = parts.map((part) => {
    if ('gap' in part) {
      const { offset, bytes, cut, faults } = part.gap;
      return { offset, bytes, kind: cut ? 'cut' : 'no_message', faults };
    }
    const { offset, header, name, payload, pad, faults } = part.message;
    const { version, messageId: message_ID, command, length } = header;
    const head = { offset, kind: 'message', version, message_ID, command, name: name ?? null, length };
    return { ...head, payload: payload === undefined ? null : plain(payload), pad: pad ?? null, faults };
  });
  return { parts: listed, faults: countFaults(parts) };
}

function plain(value: Shown): unknown {
  switch (value.kind) {
    case 'object':
      return Object.fromEntries(value.members.map(([name, inner]) => [name, plain(inner)]));
    case 'array':
      return value.elements.map(plain);
    case 'hidden':
      return { hidden_bytes: value.bytes ?? null };
    case 'literal':
      return JSON.parse(value.text) as unknown;
    default:
      return value.text;
  }
}

// A stranger's text must not steer the terminal, nor turn the line around.
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}"\\]/gu, (letter) =>
    letter === '"' || letter === '\\' ? `\\${letter}` : `\\u{${letter.codePointAt(0)!.toString(16)}}`,
  );
}

function cutShort(text: string): string {
  return text.length <= TEXT_CHARS_MAX
    ? text
    : `${text.slice(0, TEXT_CHARS_MAX)}… (${text.length} characters)`;
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
