/**
 * `reft completion`: a script by which a shell completes the command, written from its sub-commands, options and arguments as they are.
 *
 * The scripts go through the words before the cursor: they know in which sub-command it is, which of its arguments it is at, and
 * whether an option waits for its value. Sub-commands, options, values that are listed and names of presets are offered; files otherwise.
 */
import type { Argument, Command, Option } from 'commander';
import { required } from '../../activities/invariant.js';
import type { ShellName } from '../names.js';
import { suggestionsFor } from '../suggestions.js';

interface Offer {
  readonly word: string;
  readonly description: string;
}

interface OptionOffer {
  /** Long, or short. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** What the value may be; none where that is not listed. */
  readonly values: readonly string[];
}

interface ArgumentOffer {
  readonly words: readonly string[];
  /** Whether only these words are allowed. */
  readonly isClosed: boolean;
  readonly isVariadic: boolean;
}

/** A command and what may stand behind it. */
interface Place {
  /** Names from the first sub-command on, with spaces between; empty for `reft` itself. */
  readonly path: string;
  readonly commands: readonly Offer[];
  readonly options: readonly OptionOffer[];
  readonly args: readonly ArgumentOffer[];
}

export function completionScript(shell: ShellName, reft: Command): string {
  return scripts[shell](placesBelow(reft, ''));
}

function placesBelow(command: Command, path: string): Place[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const names = commands.map((one) => one.name());
  const own: Place = {
    path,
    commands: commands.map((one) => ({ word: one.name(), description: one.description() })),
    options: help.visibleOptions(command).map(optionOffer),
    args: command.registeredArguments.map(argumentOffer),
  };
  const below = commands.flatMap((one) => placesBelow(one, path === '' ? one.name() : `${path} ${one.name()}`));
  // `help`, which commander adds, takes the name of a command.
  const ofHelp = { words: names, isClosed: true, isVariadic: false };
  const isHelp = (place: Place): boolean => place.path === `${path} help`.trimStart();
  return [own, ...below.map((place) => (isHelp(place) ? { ...place, args: [ofHelp] } : place))];
}

function optionOffer({ short, long, description, required, optional, argChoices }: Option): OptionOffer {
  return {
    flags: [long, short].flatMap((flag) => flag ?? []),
    description,
    takesValue: required || optional,
    values: argChoices ?? [],
  };
}

function argumentOffer(argument: Argument): ArgumentOffer {
  const { argChoices, variadic } = argument;
  return { words: argChoices ?? suggestionsFor(argument), isClosed: argChoices !== undefined, isVariadic: variadic };
}

const scripts: Readonly<Record<ShellName, (places: readonly Place[]) => string>> = {
  bash: (places) => `# In ~/.bashrc: source <(reft completion bash)
_reft() {
  local IFS=$' \\t\\n' current=\${COMP_WORDS[COMP_CWORD]} words='' files=''
${wordsBefore(places, { array: 'COMP_WORDS', first: 1, end: 'COMP_CWORD' })}
  # Bash parts words at "=".
  [ "$current" = = ] && current=''
  if [ -n "$option" ]; then
    case "$command:$option" in
${optionCases(places, ({ values }) => `words=${quoted(values.join(' '))}`)}
      *) files=1 ;;
    esac
  elif [[ $current == -* ]]; then
    case "$command" in
${cases(places, ({ path, options }) => [quoted(path), `words=${quoted(flagsOf(options).join(' '))}`])}
    esac
  else
    case "$command:$position" in
${argumentCases(places, (offers) => `words=${quoted(offers.map(({ word }) => word).join(' '))}`, 'files=1')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  IFS=$'\\n'
  if [ -n "$files" ]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}
complete -F _reft reft
`,
  zsh: (places) => `#compdef reft
# In ~/.zshrc, behind compinit: source <(reft completion zsh)
_reft() {
  local current=\${words[CURRENT]}
  local -a offers
${wordsBefore(places, { array: 'words', first: 2, end: 'CURRENT' })}
  if [ -n "$option" ]; then
    case "$command:$option" in
${optionCases(places, ({ values }) => `compadd -- ${values.map(quoted).join(' ')}`)}
      *) _files ;;
    esac
  elif [[ $current == -* ]]; then
    case "$command" in
${cases(places, ({ path, options }) => [quoted(path), `offers=(${options.flatMap(({ flags, description }) => flags.map((word) => described({ word, description }))).join(' ')})`])}
    esac
    _describe -o option offers
  else
    case "$command:$position" in
${argumentCases(places, (offers) => `offers=(${offers.map(described).join(' ')}); _describe word offers`, '_files')}
    esac
  fi
}
if [ "\${funcstack[1]}" = _reft ]; then _reft "$@"; else compdef _reft reft; fi
`,
  fish: (places) => `# In ~/.config/fish/config.fish: reft completion fish | source
# Whether the cursor is at an argument of a command: "run:0", "data mix:*".
function __reft_at
    set --local command ''
    set --local position 0
    set --local is_value 0
    for word in (commandline --tokenize --current-process --cut-at-cursor)[2..-1]
        if test $is_value = 1
            set is_value 0
            continue
        end
        switch "$command:$word"
            case ${valuedOptions(places).map(quotedInFish).join(' ')}
                set is_value 1
${subCommands(places)
  .map(({ from, to }) => `            case ${quotedInFish(from)}\n                set command ${quotedInFish(to)}`)
  .join('\n')}
            case '*:-*'
            case '*'
                set position (math $position + 1)
        end
    end
    string match --quiet -- $argv[1] "$command:$position"
end
complete --command reft --no-files
${places.flatMap(fishLines).join('\n')}
`,
};

interface WordsArray {
  readonly array: string;
  /** Index of the first word behind `reft`. */
  readonly first: number;
  /** The variable with the index of the word at the cursor. */
  readonly end: string;
}

/** Sets `command`, `position` and `option`, in the language that bash and zsh share. */
function wordsBefore(places: readonly Place[], { array, first, end }: WordsArray): string {
  const commands = subCommands(places).map(({ from, to }) => `      ${quoted(from)}) command=${quoted(to)} ;;`);
  return `  local command='' position=0 option='' word i=${first}
  while [ $i -lt $${end} ]; do
    word=\${${array}[i]}
    case "$command:$word" in
      ${valuedOptions(places).map(quoted).join(' | ')})
        i=$((i + 1))
        [ "\${${array}[i]}" = '=' ] && i=$((i + 1))
        [ $i -ge $${end} ] && option=$word ;;
${commands.join('\n')}
      *:'=') i=$((i + 1)) ;;
      *:-*) ;;
      *) position=$((position + 1)) ;;
    esac
    i=$((i + 1))
  done`;
}

/** `run:--set`: options behind which a value stands. */
function valuedOptions(places: readonly Place[]): string[] {
  return places.flatMap(({ path, options }) =>
    flagsOf(options.filter(({ takesValue }) => takesValue)).map((flag) => `${path}:${flag}`),
  );
}

/** From `data:mix` to `data mix`. */
function subCommands(places: readonly Place[]): { readonly from: string; readonly to: string }[] {
  return places
    .filter(({ path }) => path !== '')
    .map(({ path }) => {
      const [, before = '', name] = required(/^(?:(.*) )?(\S+)$/.exec(path), 'the name of a command');
      return { from: `${before}:${name}`, to: path };
    });
}

const flagsOf = (options: readonly OptionOffer[]): string[] => options.flatMap(({ flags }) => flags);

function cases(places: readonly Place[], write: (place: Place) => readonly [string, string]): string {
  return places.map((place) => `      ${write(place).join(') ')} ;;`).join('\n');
}

/** Of options whose values are listed. */
function optionCases(places: readonly Place[], write: (option: OptionOffer) => string): string {
  return places
    .flatMap(({ path, options }) =>
      options
        .filter(({ values }) => values.length > 0)
        .map((option) => {
          const patterns = option.flags.map((flag) => quoted(`${path}:${flag}`));
          return `      ${patterns.join(' | ')}) ${write(option)} ;;`;
        }),
    )
    .join('\n');
}

function argumentCases(places: readonly Place[], write: (offers: readonly Offer[]) => string, files: string): string {
  return places
    .flatMap(({ path, commands, args }) => [
      ...(commands.length === 0 ? [] : [`      ${quoted(`${path}:0`)}) ${write(commands)} ;;`]),
      ...args.map(({ words, isClosed, isVariadic }, index) => {
        const offers = words.length === 0 ? [] : [write(words.map((word) => ({ word, description: '' })))];
        const place = isVariadic ? `${quoted(`${path}:`)}*` : quoted(`${path}:${index}`);
        return `      ${place}) ${[...offers, ...(isClosed ? [] : [files])].join('; ')} ;;`;
      }),
    ])
    .join('\n');
}

function fishLines({ path, commands, options, args }: Place): string[] {
  const line = (at: string, more: string): string =>
    `complete --command reft --condition ${quotedInFish(`__reft_at ${quotedInFish(at)}`)} ${more}`;
  return [
    ...commands.map(({ word, description }) =>
      line(`${path}:0`, `--arguments ${word} --description ${quotedInFish(description)}`),
    ),
    ...args.map(({ words, isClosed, isVariadic }, index) => {
      const offered = words.length === 0 ? '' : ` --arguments ${quotedInFish(words.join(' '))}`;
      return line(`${path}:${isVariadic ? '*' : index}`, `${isClosed ? '--no-files' : '--force-files'}${offered}`);
    }),
    ...options.map(({ flags, description, takesValue, values }) => {
      const named = flags.map((flag) =>
        flag.startsWith('--') ? `--long-option ${flag.slice(2)}` : `--short-option ${flag.slice(1)}`,
      );
      const listed = values.length === 0 ? '--force-files' : `--no-files --arguments ${quotedInFish(values.join(' '))}`;
      const value = takesValue ? [`--require-parameter ${listed}`] : [];
      return line(`${path}:*`, [...named, ...value, `--description ${quotedInFish(description)}`].join(' '));
    }),
  ];
}

/** `name:what it does`, as zsh describes. */
function described({ word, description }: Offer): string {
  return quoted(description === '' ? word : `${word}:${description}`);
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const quotedInFish = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
