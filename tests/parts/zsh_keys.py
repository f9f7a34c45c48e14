"""An interactive zsh in a terminal of its own: the line after the keys and a tab.      zsh_keys.py FOLDER-OF-FUNCTIONS KEYS"""
import os
import pty
import re
import select
import sys
import time

folder, keys = sys.argv[1], sys.argv[2]
child, terminal = pty.fork()
if child == 0:
    os.execvp("zsh", ["zsh", "-f", "-i"])


def heard_until(pattern, seconds=30):
    """What the terminal shows until it matches."""
    text, end = "", time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            text += os.read(terminal, 65536).decode(errors="replace")
            if match := re.search(pattern, text):
                return match
    raise SystemExit(f"zsh showed {text!r}")


# A widget that shows the edited line in marks, since what the terminal shows is full of control sequences.
setup = f"""PS1='ready> '; fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D
show() {{ print -r -- "<<$BUFFER>>" >/dev/tty; BUFFER= }}; zle -N show; bindkey '^X' show; print set''up"""
os.write(terminal, setup.replace("\n", "; ").replace("compinit -u -D;", "compinit -u -D;").encode() + b"\n")
heard_until(r"\nsetup|\rsetup|setup\r")
os.write(terminal, keys.encode() + b"\t")
os.write(terminal, b"\x18")
print(heard_until(r"<<([^$>]*)>>").group(1).strip())
os.close(terminal)
os.waitpid(child, 0)
