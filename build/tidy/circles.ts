import type { Rule, Violation } from './rule.ts';
import type { SourceFile } from './source-files.ts';

/** Files that import each other, directly or by way of others, cannot be understood or tested one at a time. */
export const noCircles: Rule = {
  name: 'no import leads back to where it started',
  check(files) {
    const byPath = new Map(files.map((file) => [file.path, file]));
    const done = new Set<string>();
    const violations: Violation[] = [];
    for (const file of files) visit(file, [], byPath, done, violations);
    return { looked: files.reduce((sum, file) => sum + file.imports.length, 0), violations };
  },
};

function visit(
  file: SourceFile,
  trail: readonly string[],
  byPath: ReadonlyMap<string, SourceFile>,
  done: Set<string>,
  violations: Violation[],
): void {
  if (done.has(file.path)) return;
  const here = [...trail, file.path];
  for (const { target, line } of file.imports) {
    const start = target === undefined ? -1 : here.indexOf(target);
    const next = target === undefined ? undefined : byPath.get(target);
    if (start >= 0) {
      const circle = [...here.slice(start), target].join(' → ');
      violations.push({ path: file.path, line, message: `goes in a circle: ${circle}` });
    } else if (next !== undefined) visit(next, here, byPath, done, violations);
  }
  done.add(file.path);
}
