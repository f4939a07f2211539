"""`slipstream completion SHELL`: what a shell needs to complete command lines.

The words are read out of the grammar once, when the script is made: completing starts no Python.
"""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from slipstream.cli.deployment import Deployment
from slipstream.cli.grammar import Group, Parser


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """What may follow a command."""

    commands: Sequence[str]
    """The commands below it."""
    words: Sequence[str]
    """Long options, and what its arguments can be."""
    values: Mapping[str, Sequence[str]]
    """`{option: what it can be set to}` of options that take a value; empty for anything."""


Words = Mapping[tuple[str, ...], Follow]
"""`{command: what may follow}`; the empty command is `slipstream` itself."""


def add_commands(group: Group) -> None:
    """A command without verbs."""
    parser = group.command(show)
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def show(_deployment: Deployment, arguments: Namespace) -> None:
    """Print the script."""
    words = all_words()
    if arguments.shell == "fish":
        print(_FISH.replace("@WORDS@", _fish_cases(words)))
    else:
        driver = _BASH if arguments.shell == "bash" else _ZSH
        print(driver.replace("@WORDS@", _cases(words)))


def all_words() -> Words:
    """The whole grammar."""
    from slipstream.cli.dispatch import NOUNS

    top = Parser(prog="slipstream")
    top.add_deployment_options()
    found: dict[tuple[str, ...], Follow] = {(): _follow(top, [*sorted(NOUNS)], ["--version"])}
    for noun, (module, _) in NOUNS.items():
        parser = Parser(prog="slipstream").add_subparsers().add_parser(noun)
        import_module(module).add_commands(Group(parser, noun))
        verbs = _verbs(parser)
        found[(noun,)] = _follow(parser, [*verbs], [])
        for verb, below in verbs.items():
            deeper = _verbs(below)
            found[(noun, verb)] = _follow(below, [*deeper], [])
    return found


def _verbs(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _follow(
    parser: argparse.ArgumentParser, commands: Sequence[str], more: Sequence[str]
) -> Follow:
    words = [*more]
    values: dict[str, Sequence[str]] = {}
    for action in parser._actions:
        if action.help is argparse.SUPPRESS or isinstance(action, argparse._SubParsersAction):
            continue
        choices = [str(choice) for choice in action.choices or ()]
        if not action.option_strings:
            words += choices
            continue
        words += [option for option in action.option_strings if option.startswith("--")]
        if action.nargs != 0:
            values.update(dict.fromkeys(action.option_strings, choices))
    return Follow(commands=commands, words=words, values=values)


def _cases(words: Words) -> str:
    """Of the function that tells what follows a command, in the words of bash and zsh."""
    lines = []
    for command, follow in words.items():
        name = " ".join(command)
        lines.append(f'    "{name}") commands="{" ".join(follow.commands)}"')
        lines.append(f'      words="{" ".join(follow.words)}"')
        for options, choices in _alike(follow).items():
            lines.append(f'      case "$2" in {options}) values="{choices}" takes=1 ;; esac')
        lines.append("      ;;")
    return "\n".join(lines)


def _fish_cases(words: Words) -> str:
    lines = []
    for command, follow in words.items():
        lines.append(f"        case '{' '.join(command)}'")
        lines.append(f"            set -g __slipstream_commands {' '.join(follow.commands)}")
        lines.append(f"            set -g __slipstream_words {' '.join(follow.words)}")
        if follow.values:
            lines.append("            switch $argv[2]")
            for options, choices in _alike(follow).items():
                lines.append(f"                case {options.replace('|', ' ')}")
                lines.append("                    set -g __slipstream_takes 1")
                lines.append(f"                    set -g __slipstream_values {choices}".rstrip())
            lines.append("            end")
    return "\n".join(lines)


def _alike(follow: Follow) -> Mapping[str, str]:
    """`{options: what they can be set to}`: those that can be set to the same belong together."""
    found: dict[str, list[str]] = {}
    for option, choices in follow.values.items():
        found.setdefault(" ".join(choices), []).append(option)
    return {"|".join(options): choices for choices, options in found.items()}


_FOLLOW: Final = """_slipstream_follow() {
  commands="" words="" values="" takes=""
  case "$1" in
@WORDS@
  esac
}
"""
_BASH: Final = (
    _FOLLOW
    + """_slipstream() {
  local current="${COMP_WORDS[COMP_CWORD]}" command="" word commands words values takes
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    _slipstream_follow "$command" ""
    case " $commands " in *" $word "*) command="${command:+$command }$word" ;; esac
  done
  _slipstream_follow "$command" "${COMP_WORDS[COMP_CWORD-1]}"
  [ -n "$takes" ] || values="$commands $words"
  COMPREPLY=( $(compgen -W "$values" -- "$current") )
}
complete -o default -F _slipstream slipstream"""
)
_ZSH: Final = (
    "#compdef slipstream\n"
    + _FOLLOW
    + """_slipstream() {
  local command="" word commands values takes offered
  local -a line
  line=("${(@)words}")
  local words=""
  for word in "${(@)line[2,CURRENT-1]}"; do
    _slipstream_follow "$command" ""
    case " $commands " in *" $word "*) command="${command:+$command }$word" ;; esac
  done
  _slipstream_follow "$command" "${line[CURRENT-1]}"
  offered="$commands $words"
  [ -z "$takes" ] || offered="$values"
  compadd -- ${=offered} || _files
}
if [ "$0" = _slipstream ]; then
  _slipstream "$@"
else
  whence compdef >/dev/null || { autoload -Uz compinit && compinit }
  compdef _slipstream slipstream
fi"""
)
_FISH: Final = """function __slipstream_follow
    set -g __slipstream_commands
    set -g __slipstream_words
    set -g __slipstream_values
    set -g __slipstream_takes
    switch $argv[1]
@WORDS@
    end
end
function __slipstream_complete
    set -l line (commandline -opc)
    set -l command
    for word in $line[2..]
        __slipstream_follow "$command" ''
        if contains -- $word $__slipstream_commands
            set -a command $word
        end
    end
    __slipstream_follow "$command" $line[-1]
    set -l offered $__slipstream_commands $__slipstream_words
    if test -n "$__slipstream_takes"
        set offered $__slipstream_values
    end
    set -l current (commandline -ct)
    set -l fitting
    for word in $offered
        if test "x$current" = x(string sub -l (string length -- "$current") -- $word)
            set -a fitting $word
        end
    end
    if set -q fitting[1]
        printf '%s\\n' $fitting
    else
        __fish_complete_path "$current"
    end
end
complete -c slipstream -f -a '(__slipstream_complete)'"""
