import type { Command } from 'commander';

type Known = {
  readonly words: string;
  readonly subcommands: readonly string[];
  readonly options: readonly string[];
};

/** Completion of commands and options in three shells, by the path in the package at which each looks for it. */
export function completions(program: Command): Map<string, string> {
  const known = all(program, []);
  return new Map([
    ['usr/share/bash-completion/completions/keyferry', bash(known)],
    ['usr/share/zsh/vendor-completions/_keyferry', zsh(known)],
    ['usr/share/fish/vendor_completions.d/keyferry.fish', fish(known)],
  ]);
}

function all(command: Command, path: readonly string[]): Known[] {
  const options = command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, short }) => [long, short].filter((flag) => flag != null));
  const one = { words: path.join(' '), subcommands: command.commands.map((sub) => sub.name()), options };
  return [one, ...command.commands.flatMap((sub) => all(sub, [...path, sub.name()]))];
}

const cases = (known: readonly Known[], line: (one: Known) => string): string =>
  known.map((one) => `    '${one.words}') ${line(one)} ;;`).join('\n');
const offered = ({ subcommands, options }: Known): string => [...subcommands, ...options].join(' ');

/** The words before the one under the cursor that are commands say which case applies. */
function bash(known: readonly Known[]): string {
  return `# keyferry(1) completion
_keyferry() {
  local word path='' offered=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases(known, (one) => `offered='${offered(one)}'`)}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$offered" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _keyferry keyferry
`;
}

function zsh(known: readonly Known[]): string {
  return `#compdef keyferry
local word joined=''
for word in "\${(@)words[2,CURRENT-1]}"; do
  [[ $word == -* ]] || joined="\${joined:+$joined }$word"
done
case "$joined" in
${cases(known, (one) => `compadd -- ${offered(one)}`)}
  *) _files ;;
esac
`;
}

function fish(known: readonly Known[]): string {
  const lines = known.flatMap((one) => {
    const here = `__keyferry_at '${one.words}'`;
    return [
      ...one.subcommands.map((name) => `complete -c keyferry -n "${here}" -f -a ${name}`),
      ...one.options.map(
        (flag) =>
          `complete -c keyferry -n "${here}" ${flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`}`,
      ),
    ];
  });
  return `function __keyferry_at
  set -l words (commandline -opc)
  set -l joined (string join ' ' -- (string match -v -- '-*' $words[2..-1]))
  test "$argv[1]" = "$joined"
end
${lines.join('\n')}
`;
}
