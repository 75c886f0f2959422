/**
 * Makes the scripts with which a shell completes command lines, from the data of the commands. After `--`,
 * the shell completes words as if there were no script.
 */
import type { Command, OptionSpec } from './command.ts';
import { helpOption } from './parse.ts';

type Option = readonly [name: string, spec: OptionSpec];

const optionsOf = (command: Command): readonly Option[] =>
  Object.entries({ ...command.options, help: helpOption });

/** Returns the allowed operands of a command; an empty list if the command does not list them. */
const wordsOf = ({ operandChoices = [] }: Command): readonly string[] =>
  operandChoices === 'directory' ? [] : operandChoices;

const namesOf = (command: Command): string =>
  [...wordsOf(command), ...optionsOf(command).map(([name]) => `--${name}`)].join(' ');

/**
 * Returns the options of all commands that take a value. Options with the same name have the same list of
 * values in every command.
 */
function valuesIn(commands: readonly Command[]): readonly Option[] {
  const all = commands.flatMap((command) => optionsOf(command)).filter(([, { type }]) => type === 'string');
  return [...new Map(all)];
}

const topLevel = ['--help', '--version'];
const help = 'help';

function bash(commands: readonly Command[]): string {
  const values = valuesIn(commands).map(([name, { choices = [], isList }]) => {
    // If the value is a list, only the text after its last comma is completed.
    const list = isList === true ? ' kept=${here%"${here##*,}"}' : '';
    return `    --${name}) words='${choices.join(' ')}'${list} ;;`;
  });
  const rows = commands.map((command) => {
    const folders = command.operandChoices === 'directory' ? ' folders=1' : '';
    return `      1:${command.name}) words='${namesOf(command)}'${folders} ;;`;
  });
  const names = commands.map(({ name }) => name).join(' ');
  return `_pipework() {
  local words='' kept='' folders='' word here=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  # After -- comes the plugin's command line.
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [[ $word == -- ]] && return; done
  # The shell splits --option=value into three words.
  if [[ $here == = ]]; then here=''; elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  case $before in
${values.join('\n')}
    *)
    case $((COMP_CWORD > 1)):\${COMP_WORDS[1]} in
      0:*) words='${[names, help, ...topLevel].join(' ')}' ;;
      1:${help}) words='${names}' ;;
${rows.join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -P "$kept" -W "$words" -- "\${here#"$kept"}"))
  [[ -z $folders ]] && return
  compopt -o filenames 2> /dev/null
  COMPREPLY+=($(compgen -d -- "$here"))
}
complete -o default -F _pipework pipework
`;
}

/** Returns a text within single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(commands: readonly Command[]): string {
  const described = (name: string, text: string): string => quoted(`${name.replaceAll(':', '\\:')}:${text}`);
  const values = valuesIn(commands).map(([name, { choices, isList }]) => {
    // No option takes a file name. So if an option has no list of values, the script offers nothing.
    const offer =
      choices === undefined
        ? ''
        : `${isList === true ? '_sequence compadd -' : 'compadd --'} ${choices.join(' ')}; `;
    return `    --${name}) ${offer}return ;;`;
  });
  const options = commands.map((command) => {
    const rows = optionsOf(command).map(([name, { help: text }]) => described(`--${name}`, text));
    const words = wordsOf(command).map((word) => described(word, ''));
    const folders = command.operandChoices === 'directory' ? '; _files -/' : '';
    return `    ${command.name}) options=(${[...words, ...rows].join(' ')})${folders} ;;`;
  });
  const names = commands.map(({ name, summary }) => described(name, summary));
  return `#compdef pipework
_pipework() {
  local -a options commands
  local before=\${words[CURRENT-1]}
  commands=(${names.join(' ')})
  # After -- comes the plugin's command line.
  if (( \${words[(i)--]} < CURRENT )); then _files; return; fi
  if [[ \${words[CURRENT]} == --*=* ]]; then before=\${words[CURRENT]%%=*}; compset -P '*='; fi
  case $before in
${values.join('\n')}
  esac
  if (( CURRENT == 2 )); then
    options=($commands ${help} ${topLevel.join(' ')})
    _describe command options
    return
  fi
  case \${words[2]} in
    ${help}) options=($commands) ;;
${options.join('\n')}
  esac
  _describe option options || _files
}
compdef _pipework pipework
`;
}

function fish(commands: readonly Command[]): string {
  const all = commands.map(({ name }) => name).join(' ');
  const first = `not __fish_seen_subcommand_from ${all} ${help}`;
  // The plugin's command line follows after --.
  const own = `not contains -- -- (commandline -opc)`;
  const lines = commands.flatMap((command) => {
    const within = `__fish_seen_subcommand_from ${command.name}; and ${own}`;
    const folders = command.operandChoices === 'directory' ? ['(__fish_complete_directories)'] : [];
    return [
      `complete -c pipework -n ${quoted(first)} -f -a ${command.name} -d ${quoted(command.summary)}`,
      ...[...wordsOf(command), ...folders].map(
        (word) =>
          `complete -c pipework -n ${quoted(within)} -f -a ${/^\w+$/.test(word) ? word : quoted(word)}`,
      ),
      ...optionsOf(command).map(
        ([name, spec]) =>
          `complete -c pipework -n ${quoted(within)} -l ${name}${fishValue(spec)} -d ${quoted(spec.help)}`,
      ),
    ];
  });
  const ofHelp = `complete -c pipework -n ${quoted(`__fish_seen_subcommand_from ${help}`)} -f -a ${quoted(all)}`;
  const ofTop = `complete -c pipework -n ${quoted(first)} -f -a ${quoted([help, ...topLevel].join(' '))}`;
  return `${[...lines, ofTop, ofHelp].join('\n')}\n`;
}

/**
 * Returns the arguments of fish's `complete` for the value of an option. No option takes a file name, so `-x`
 * turns off fish's completion of files.
 */
function fishValue({ type, choices = [], isList }: OptionSpec): string {
  if (type === 'boolean') return '';
  const words = choices.join(' ');
  return words === '' ? ' -x' : ` -x -a ${quoted(isList === true ? `(__fish_append , ${words})` : words)}`;
}

/** For each shell, by name, the function that makes its script. */
export const completions: Readonly<Record<Shell, (commands: readonly Command[]) => string>> = {
  bash,
  zsh,
  fish,
};

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];
