import { fixedParts } from '../src/agent/changes.ts';
import { faultCodes } from '../src/config/fault-codes.ts';
import { type OutlineField, outline } from '../src/config/outline.ts';
import { configurationExample } from './configuration-example.ts';

/** docs/configuration.md, made from the schema that the agent checks the file against. */
export async function configurationDoc(): Promise<{ path: string; content: string }[]> {
  const fields = [...outline().values()];
  const sections = fields.filter((field) => field.keys.length > 0 && !field.path.endsWith('[]'));
  const content = [
    INTRODUCTION,
    example(),
    ...sections.map((section) => sectionText(section, fields)),
    faults(),
  ];
  return [{ path: 'docs/configuration.md', content: `${content.join('\n\n')}\n` }];
}

const INTRODUCTION = `# The configuration file

<!-- Made from the schema in src/config/ by "npm run generate": edit that instead. -->

One YAML 1.2 file describes a node. \`keyferry check FILE\` says everything that is wrong with it, each fault with its line
and what to do, looks at the certificates and keys that it names, and says in short what the node would do; nothing is
started. \`keyferry run\` refuses a file with faults, but for those in the contents of certificates and revocation lists: a node whose Kx certificate has expired, say,
still supplies the key that it has. It logs each of them as \`agent.tls_file_fault\`, and neighbours or applications refuse what they do not trust.

- Every key is known: one that is not is a fault, so that a slip of the pen never passes in silence.
- Relative paths start at the directory of the configuration file.
- Numbers that are text, such as the USB ID \`"0403"\`, need quotes.
- Rules between fields are looked at once each field is right by itself, files once those rules hold.
- \`keyferry reload\` (or SIGHUP) has a running agent read the file anew. Only what has changed is touched: a connection is made and a module opened
  anew where the entry of the peer or of the link is another. ${fixedParts.map((part) => `\`${part}\``).join(', ')} cannot change without a
  restart. Then, as with any fault, nothing is changed, and the reason is said.`;

function example(): string {
  return `## An example\n\n\`\`\`yaml\n${configurationExample}\`\`\``;
}

function sectionText(section: OutlineField, fields: readonly OutlineField[]): string {
  const inside = section.kind === 'list' ? `${section.path}[]` : section.path;
  const children = section.keys.map((key) => {
    const path = inside === '' ? key : `${inside}.${key}`;
    const field = fields.find((candidate) => candidate.path === path);
    if (field === undefined) throw new Error(`no field ${path}`);
    return row(key, field);
  });
  const heading = section.path === '' ? 'The whole file' : `\`${inside}\``;
  const optional = !section.required && !section.description.includes('Left out');
  const presence = optional && section.path !== '' ? ' May be left out.' : '';
  const text =
    section.path === '' ? 'What stands at the outermost level.' : `${section.description}${presence}`;
  const head = '| key | value | default | meaning |\n|---|---|---|---|';
  return `## ${heading}\n\n${text}\n\n${head}\n${children.join('\n')}`;
}

function row(key: string, field: OutlineField): string {
  return `| \`${key}\` | ${valueText(field)} | ${presetText(field)} | ${cell(field.description)} |`;
}

function valueText({ kind, limits, unit, path }: OutlineField): string {
  if (kind === 'section') return `section, see \`${path}\``;
  if (kind === 'list' && limits !== undefined)
    return cell(path.endsWith('.via') ? limits : `list, ${limits}`);
  return cell([limits ?? kind, unit].filter((part) => part !== undefined).join(' '));
}

function presetText({ kind, required, preset }: OutlineField): string {
  if (required) return '**required**';
  if (preset === undefined) return '—';
  return kind === 'list' ? preset : `\`${cell(preset)}\``;
}

function faults(): string {
  const rows = Object.entries(faultCodes).map(([code, meaning]) => `| \`${code}\` | ${cell(meaning)} |`);
  const text = 'The codes are stable: `keyferry check --json` gives them as `code`.';
  return `## Faults\n\n${text}\n\n| code | means |\n|---|---|\n${rows.join('\n')}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
