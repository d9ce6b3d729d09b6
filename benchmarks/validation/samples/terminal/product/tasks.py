"""The screen."""

import curses
import os
import sys

from model import Tasks, add_from_outside

PRIORITIES = {1: "!", 2: " ", 3: "."}
MIN_WIDTH, MIN_HEIGHT = 40, 8
HELP = "a add  e edit  d delete  u undo  / filter  q quit"


class Screen:
    def __init__(self, window, tasks):
        self.window = window
        self.tasks = tasks
        self.chosen = 0
        self.word = ""
        self.message = ""
        curses.curs_set(0)

    def run(self):
        while True:
            self.draw()
            key = self.window.get_wch()
            self.message = ""
            if key == "q":
                return
            self.act(key)

    def act(self, key):
        rows = self.tasks.shown(self.word)
        task = rows[self.chosen] if rows else None
        if key in (curses.KEY_DOWN, "j"):
            self.chosen = min(self.chosen + 1, max(len(rows) - 1, 0))
        elif key in (curses.KEY_UP, "k"):
            self.chosen = max(self.chosen - 1, 0)
        elif key == "a":
            text = self.ask("New task: ")
            if text is not None and not self.tasks.add(text):
                self.message = "A task needs words"
        elif key == "/":
            self.word = self.ask("Filter: ", self.word) or ""
            self.chosen = 0
        elif key == "u":
            self.message = "Undone" if self.tasks.undo() else "Nothing to undo"
        elif task is not None:
            self.act_on(key, task)
        self.chosen = min(self.chosen, max(len(self.tasks.shown(self.word)) - 1, 0))

    def act_on(self, key, task):
        if key in ("\n", "\r", " "):
            self.tasks.toggle(task["id"])
        elif key == "e":
            text = self.ask("Edit: ", task["text"])
            if text and text.strip():
                self.tasks.change(task["id"], text=text.strip())
        elif key == "d":
            if self.ask(f"Delete {task['text']!r}? (y/n) ", single=True) == "y":
                self.tasks.delete(task["id"])
                self.message = "Deleted"
        elif key in ("1", "2", "3"):
            self.tasks.change(task["id"], priority=int(key))

    def draw(self):
        height, width = self.window.getmaxyx()
        self.window.erase()
        if width < MIN_WIDTH or height < MIN_HEIGHT:
            self.put(0, f"Too small: {MIN_WIDTH}x{MIN_HEIGHT} needed", width)
            self.window.refresh()
            return
        rows = self.tasks.shown(self.word)
        title = f"Tasks — {self.tasks.open_count()} open" + (f" — filter: {self.word}" if self.word else "")
        self.put(0, title, width, curses.A_BOLD)
        room = height - 4
        top = max(0, self.chosen - room + 1)
        for line, task in enumerate(rows[top : top + room]):
            mark = ">" if top + line == self.chosen else " "
            box = "[x]" if task["done"] else "[ ]"
            style = curses.A_REVERSE if top + line == self.chosen else curses.A_NORMAL
            self.put(2 + line, f"{mark} {box} {PRIORITIES[task['priority']]} {task['text']}", width, style)
        if not rows:
            self.put(2, "Nothing to do", width)
        self.put(height - 2, self.message, width)
        self.put(height - 1, HELP, width, curses.A_DIM)
        self.window.refresh()

    def put(self, line, text, width, style=curses.A_NORMAL):
        if len(text) > width - 1:
            text = text[: width - 2] + "…"
        self.window.addstr(line, 0, text, style)

    def ask(self, prompt, text="", single=False):
        while True:
            height, width = self.window.getmaxyx()
            self.window.move(height - 2, 0)
            self.window.clrtoeol()
            self.put(height - 2, prompt + text, width)
            self.window.refresh()
            key = self.window.get_wch()
            if key == "\x1b":
                return None
            if single:
                return key
            if key in ("\n", "\r"):
                return text
            if key in ("\x7f", "\b", curses.KEY_BACKSPACE):
                text = text[:-1]
            elif key == curses.KEY_RESIZE:
                self.draw()
            elif isinstance(key, str) and key.isprintable():
                text += key


def main():
    path = os.environ.get("TASKS_FILE", "tasks.json")
    if sys.argv[1:2] == ["--add"]:
        made = add_from_outside(path, " ".join(sys.argv[2:]))
        if made is None:
            print("a task needs words", file=sys.stderr)
            return 2
        print(f"added {made['id']}")
        return 0
    if sys.argv[1:] == ["--list"]:
        for task in Tasks(path).shown():
            print(f"{task['id']}\t{'done' if task['done'] else 'open'}\t{task['priority']}\t{task['text']}")
        return 0
    if sys.argv[1:]:
        print("usage: tasks.py [--list | --add TEXT]", file=sys.stderr)
        return 2
    os.environ.setdefault("ESCDELAY", "25")
    curses.wrapper(lambda window: Screen(window, Tasks(path)).run())
    print(f"{Tasks(path).open_count()} open")
    return 0


if __name__ == "__main__":
    sys.exit(main())
