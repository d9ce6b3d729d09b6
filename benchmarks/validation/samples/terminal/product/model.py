"""The tasks and their file."""

import copy
import fcntl
import json
import os


class Tasks:
    def __init__(self, path):
        self.path = path
        self.tasks = []
        self.undo_stack = []
        self.load()

    def load(self):
        if os.path.exists(self.path):
            with open(self.path) as file:
                self.tasks = json.load(file)

    def save(self):
        with open(self.path + ".new", "w") as file:
            json.dump(self.tasks, file, indent=1)
        os.replace(self.path + ".new", self.path)

    def remember(self):
        self.undo_stack.append(copy.deepcopy(self.tasks))

    def shown(self, word=""):
        found = [t for t in self.tasks if word.lower() in t["text"].lower()]
        return sorted(found, key=lambda t: (t["done"], t["priority"], t["id"]))

    def add(self, text):
        text = text.strip()
        if not text:
            return None
        self.remember()
        number = max((t["id"] for t in self.tasks), default=0) + 1
        task = {"id": number, "text": text, "done": False, "priority": 2}
        self.tasks.append(task)
        self.save()
        return task

    def change(self, number, **changes):
        self.remember()
        for task in self.tasks:
            if task["id"] == number:
                task.update(changes)
        self.save()

    def toggle(self, number):
        done = next(t["done"] for t in self.tasks if t["id"] == number)
        self.change(number, done=not done)

    def delete(self, number):
        self.remember()
        self.tasks = [t for t in self.tasks if t["id"] != number]
        self.save()

    def undo(self):
        if not self.undo_stack:
            return False
        self.tasks = self.undo_stack.pop()
        self.save()
        return True

    def open_count(self):
        return sum(not t["done"] for t in self.tasks)


def add_from_outside(path, text):
    """Several programs may add at the same time."""
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Tasks(path).add(text)
