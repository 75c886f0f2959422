/**
 * Scripts by which a shell completes command lines, made from the data of the commands. The words after `--`
 * are left to the shell.
 */
import type { Command, OptionSpec } from './command.ts';
import { helpOption } from './parse.ts';

type Option = readonly [name: string, spec: OptionSpec];

const optionsOf = (command: Command): readonly Option[] =>
  Object.entries({ ...command.options, help: helpOption });

/** Returns the allowed operands of a command that has a list of them. */
const wordsOf = ({ operandChoices = [] }: Command): readonly string[] => operandChoices;

const namesOf = (command: Command): string =>
  [...wordsOf(command), ...optionsOf(command).map(([name]) => `--${name}`)].join(' ');

/**
 * Returns the options of all commands that have lists of values. An option means the same in each command.
 */
function choicesIn(
  commands: readonly Command[],
): readonly (readonly [name: string, choices: readonly string[]])[] {
  const all = commands.flatMap((command) => optionsOf(command));
  return all.flatMap(([name, { choices }]) => (choices === undefined ? [] : [[name, choices] as const]));
}

const topLevel = ['--help', '--version'];

function bash(commands: readonly Command[]): string {
  const values = choicesIn(commands).map(
    ([name, choices]) => `    --${name}) words='${choices.join(' ')}' ;;`,
  );
  const options = commands.map((command) => `    ${command.name}) words='${namesOf(command)}' ;;`);
  return `_pipework() {
  local words='' word here=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  # Behind -- is the plugin's command line.
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [[ $word == -- ]] && return; done
  case $before in
${values.join('\n')}
  esac
  if [[ -z $words ]]; then
    case $((COMP_CWORD > 1)):\${COMP_WORDS[1]} in
      0:*) words='${[...commands.map(({ name }) => name), ...topLevel].join(' ')}' ;;
${options.map((row) => row.replace('    ', '      1:')).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$here"))
}
complete -o default -F _pipework pipework
`;
}

/** Returns a text within single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(commands: readonly Command[]): string {
  const described = (name: string, text: string): string => quoted(`${name.replaceAll(':', '\\:')}:${text}`);
  const values = choicesIn(commands).map(
    ([name, choices]) => `    --${name}) compadd -- ${choices.join(' ')}; return ;;`,
  );
  const options = commands.map((command) => {
    const rows = optionsOf(command).map(([name, { help }]) => described(`--${name}`, help));
    const words = wordsOf(command).map((word) => described(word, ''));
    return `    ${command.name}) options=(${[...words, ...rows].join(' ')}) ;;`;
  });
  const names = commands.map(({ name, summary }) => described(name, summary));
  return `#compdef pipework
_pipework() {
  local -a options
  # Behind -- is the plugin's command line.
  if (( \${words[(i)--]} < CURRENT )); then _files; return; fi
  case \${words[CURRENT-1]} in
${values.join('\n')}
  esac
  if (( CURRENT == 2 )); then
    options=(${[...names, ...topLevel].join(' ')})
    _describe command options
    return
  fi
  case \${words[2]} in
${options.join('\n')}
  esac
  _describe option options || _files
}
compdef _pipework pipework
`;
}

function fish(commands: readonly Command[]): string {
  const all = commands.map(({ name }) => name).join(' ');
  const first = `not __fish_seen_subcommand_from ${all}`;
  // The plugin's command line follows after --.
  const own = `not contains -- -- (commandline -opc)`;
  const lines = commands.flatMap((command) => {
    const within = `__fish_seen_subcommand_from ${command.name}; and ${own}`;
    return [
      `complete -c pipework -n ${quoted(first)} -f -a ${command.name} -d ${quoted(command.summary)}`,
      ...wordsOf(command).map((word) => `complete -c pipework -n ${quoted(within)} -f -a ${word}`),
      ...optionsOf(command).map(([name, { type, choices, help }]) => {
        const value =
          type === 'boolean' ? '' : choices === undefined ? ' -r' : ` -x -a ${quoted(choices.join(' '))}`;
        return `complete -c pipework -n ${quoted(within)} -l ${name}${value} -d ${quoted(help)}`;
      }),
    ];
  });
  return `${lines.join('\n')}\n`;
}

/** The function that makes the script, by the shell's name. */
export const completions: Readonly<Record<Shell, (commands: readonly Command[]) => string>> = {
  bash,
  zsh,
  fish,
};

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];
