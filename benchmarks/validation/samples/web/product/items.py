"""The items and their file."""

import json
import os
import threading


class Items:
    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.items, self.last = [], 0
        if os.path.exists(path):
            with open(path) as file:
                self.items = json.load(file)
            self.last = max((i["id"] for i in self.items), default=0)

    def listed(self, word=""):
        found = [i for i in self.items if word.lower() in i["name"].lower()]
        return sorted(found, key=lambda i: (i["expires"] or "9999", i["name"].lower()))

    def add(self, name, amount, expires):
        name = str(name or "").strip()
        if not name:
            raise ValueError("Give the item a name")
        if not isinstance(amount, int) or amount < 1:
            raise ValueError("The amount is at least 1")
        with self.lock:
            for item in self.items:
                if item["name"].lower() == name.lower() and item["expires"] == expires:
                    item["amount"] += amount
                    self.save()
                    return item
            self.last += 1
            item = {"id": self.last, "name": name, "amount": amount, "expires": expires or ""}
            self.items.append(item)
            self.save()
            return item

    def use(self, number):
        with self.lock:
            for item in self.items:
                if item["id"] == number:
                    item["amount"] -= 1
                    if item["amount"] == 0:
                        self.items.remove(item)
                    self.save()
                    return item
        return None

    def remove(self, number):
        with self.lock:
            before = len(self.items)
            self.items = [i for i in self.items if i["id"] != number]
            self.save()
            return len(self.items) < before

    def save(self):
        with open(self.path + ".new", "w") as file:
            json.dump(self.items, file)
        os.replace(self.path + ".new", self.path)
