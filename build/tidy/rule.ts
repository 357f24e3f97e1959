import type { SourceFile } from './source-files.ts';

export type Violation = { readonly path: string; readonly line: number; readonly message: string };

export type Rule = {
  /** What holds, as a claim. */
  readonly name: string;
  /** `looked` counts what the rule had to judge: a rule that found nothing to judge says nothing. */
  check(files: readonly SourceFile[]): { readonly looked: number; readonly violations: readonly Violation[] };
};

/** Gives each file that `applies` to `judge`. */
export function perFile(
  name: string,
  applies: (path: string) => boolean,
  judge: (file: SourceFile) => Violation[],
): Rule {
  return {
    name,
    check(files) {
      const judged = files.filter((file) => applies(file.path));
      return { looked: judged.length, violations: judged.flatMap(judge) };
    },
  };
}
