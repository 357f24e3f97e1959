import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { codeOnly } from './code-only.ts';

/** Texts by their path from the root of the repository. */
export type FileMap = ReadonlyMap<string, string>;

export type Import = {
  /** As written, such as `../errors.ts` or `node:fs`. */
  readonly specifier: string;
  /** The file of the repository that a relative specifier names; undefined for a package. */
  readonly target: string | undefined;
  /** What is imported by name, without its new name; undefined for `* as`, a default and a bare import. */
  readonly names: readonly string[] | undefined;
  readonly typeOnly: boolean;
  readonly line: number;
};

export type SourceFile = {
  readonly path: string;
  readonly text: string;
  /** The text with comments, strings and regular expressions blanked. */
  readonly code: string;
  readonly imports: readonly Import[];
};

const FOLDERS = ['src', 'drivers', 'firmware-bridge', 'build', 'test'];
const SKIPPED = new Set(['node_modules', 'dist', 'generated']);

/** Every `.ts` file that people wrote in the repository at `root`. */
export function readRepository(root: string): FileMap {
  const files = new Map<string, string>();
  const walk = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) walk(path);
      else if (entry.isFile() && entry.name.endsWith('.ts'))
        files.set(path, readFileSync(join(root, path), 'utf8'));
    }
  };
  FOLDERS.forEach(walk);
  return files;
}

export function parseFiles(files: FileMap): SourceFile[] {
  return [...files].map(([path, text]) => {
    const code = codeOnly(text);
    return { path, text, code, imports: parseImports(path, text, code) };
  });
}

const STATEMENT =
  /(?<![\w.$])(?:import|export)\s+(type\s)?\s*([\w\s{},*$]*?)\s*from\s*(['"])|(?<![\w.$])(?:import|require|import\.meta\.resolve)\s*\(?\s*(['"])/g;

/** Import, export-from, `import()`, `require()` and `import.meta.resolve()`; the last three name nothing. */
function parseImports(path: string, text: string, code: string): Import[] {
  return [...code.matchAll(STATEMENT)].map((match) => {
    const mark = match[3] ?? match[4]!;
    const start = match.index + match[0].length;
    const specifier = text.slice(start, text.indexOf(mark, start));
    const clause = match[2] ?? '';
    return {
      specifier,
      target: specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined,
      names: namesOf(clause),
      typeOnly: match[1] !== undefined || allTypes(clause),
      line: lineAt(code, match.index),
    };
  });
}

/** The parts of `{ a, type B as C }`; undefined when the clause is something else. */
function bracedParts(clause: string): string[] | undefined {
  const inside = /^\{([^}]*)\}$/.exec(clause.trim())?.[1];
  const parts = inside?.split(',').map((part) => part.trim());
  return parts?.filter((part) => part !== '');
}

function namesOf(clause: string): string[] | undefined {
  return bracedParts(clause)?.map((part) => part.replace(/^type\s+/, '').split(/\s+/)[0] ?? '');
}

function allTypes(clause: string): boolean {
  const parts = bracedParts(clause) ?? [];
  return parts.length > 0 && parts.every((part) => part.startsWith('type '));
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
