"""Runs a command on a terminal of its own: what is typed comes from stdin, what it shows goes to stderr.

To stderr, because that is where the harness listens while a command runs. Ends with the command's status.
"""

import os
import pty
import select
import signal
import sys

STDIN, STDERR = 0, 2


def main() -> int:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    # Ending the terminal's owner is ending the terminal: the command gets SIGHUP.
    signal.signal(signal.SIGTERM, lambda *_: os.close(terminal))
    bridge(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def bridge(terminal: int) -> None:
    sources = [STDIN, terminal]
    while True:
        try:
            ready, _, _ = select.select(sources, [], [])
            for source in ready:
                data = os.read(source, 65536)
                if source == terminal:
                    os.write(STDERR, data)
                elif data:
                    os.write(terminal, data)
                else:
                    sources.remove(STDIN)
        except OSError:  # the last process on the terminal has ended, or the terminal was closed
            return


sys.exit(main())
