import type { Argument, Command, Option } from 'commander';

const SECTION = 1;

/** A page of the manual for each command, by file name, out of what the command line says of itself. */
export function manPages(program: Command): Map<string, string> {
  const pages = new Map<string, string>();
  const walk = (command: Command, names: readonly string[]): void => {
    pages.set(`${names.join('-')}.${SECTION}`, page(command, names));
    for (const sub of command.commands) walk(sub, [...names, sub.name()]);
  };
  walk(program, [program.name()]);
  return pages;
}

function page(command: Command, names: readonly string[]): string {
  const name = names.join('-');
  const help = command.createHelp();
  const parts = [
    `.TH ${name.toUpperCase()} ${SECTION} "" keyferry "keyferry manual"`,
    `.SH NAME\n${escaped(name)} \\- ${escaped(command.summary() || command.description())}`,
    `.SH SYNOPSIS\n.B ${escaped(names.join(' '))}\n${escaped(command.usage())}`,
    `.SH DESCRIPTION\n${paragraphs(command.description())}`,
    section(
      'ARGUMENTS',
      command.registeredArguments.filter(({ description }) => description !== '').map(argument),
    ),
    section('OPTIONS', help.visibleOptions(command).map(option)),
    section(
      'COMMANDS',
      command.commands.map((sub) =>
        entry(sub.name(), `${sub.summary()}. See ${name}-${sub.name()}(${SECTION}).`),
      ),
    ),
    notes(command),
  ];
  return `${parts.filter((part) => part !== '').join('\n')}\n`;
}

const section = (title: string, entries: readonly string[]): string =>
  entries.length === 0 ? '' : `.SH ${title}\n${entries.join('\n')}`;
const entry = (term: string, text: string): string => `.TP\n.B ${escaped(term)}\n${escaped(text)}`;
const argument = (one: Argument): string => entry(one.name(), one.description);

function option(one: Option): string {
  const fallback = one.defaultValue === undefined ? '' : ` (default: ${String(one.defaultValue)})`;
  return entry(one.flags, `${one.description}${fallback}`);
}

/** What the help has below all the rest. */
function notes(command: Command): string {
  let text = '';
  const write = (piece: string): boolean => {
    text += piece;
    return true;
  };
  command.configureOutput({ writeOut: write });
  command.outputHelp();
  const after = text.slice(command.helpInformation().length).trim();
  return after === '' ? '' : `.SH NOTES\n${paragraphs(after)}`;
}

const paragraphs = (text: string): string => text.split(/\n\n+/).map(escaped).join('\n.PP\n');

/** Roff takes a point or an apostrophe at the beginning of a line, and a backslash anywhere, for its own. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .split('\n')
    .map((line) => (/^[.']/.test(line) ? `\\&${line}` : line))
    .join('\n');
}
