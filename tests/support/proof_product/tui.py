"""A small full-screen program: shows its size, the keys that it gets and where the cursor is; `q` ends it."""

import os
import signal
import sys
import termios
import tty


def draw(last: str) -> None:
    size = os.get_terminal_size(0)
    # The third sequence is one that screen models stumble over.
    text = f"\x1b[2J\x1b[H\x1b[?4mKeys — size {size.columns}x{size.lines}\r\n\x1b[1mlast: {last}\x1b[0m\r\n"
    # Not through `sys.stdout`, which must not be entered again by the signal's handler while it still flushes.
    os.write(1, text.encode())


def main() -> None:
    before = termios.tcgetattr(0)
    tty.setraw(0)
    last = "none"
    signal.signal(signal.SIGWINCH, lambda *_: draw(last))
    try:
        draw(last)
        while True:
            data = os.read(0, 1024)
            if data == b"q":
                break
            if data == b"?":
                os.write(1, b"\x1b[6n")
                data = os.read(0, 1024)
            last = repr(data.decode())
            draw(last)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    print("bye")
    sys.exit(3)


main()
