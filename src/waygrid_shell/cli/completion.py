"""`waygrid completion`: the script that teaches a shell the words of `waygrid`."""

from typing import Final, Literal

from waygrid_shell.cli.output import write_result

EXAMPLES: Final = """\
Examples:
  waygrid completion bash > ~/.local/share/bash-completion/completions/waygrid
  waygrid completion zsh > ~/.zfunc/_waygrid
  waygrid completion fish > ~/.config/fish/completions/waygrid.fish
"""


def completion(shell: Literal["bash", "zsh", "fish", "powershell"], /) -> int:
    """Print the completion script of a shell. Nothing is installed: put it where your shell looks.

    Parameters
    ----------
    shell
        The shell that is to know `waygrid`.
    """
    from waygrid_shell.cli.main import application

    write_result(application().generate_completion(prog_name="waygrid", shell=shell))
    return 0
