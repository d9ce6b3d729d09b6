"""Rooms and bookings in SQLite."""

import sqlite3
import threading

ROOMS = (("Ada", 4), ("Bohr", 8), ("Curie", 12))
SCHEMA = """
create table if not exists bookings (
    id integer primary key autoincrement, room text not null, start text not null, end text not null,
    title text not null, attendees integer not null, user text not null, version integer not null default 1
);
create table if not exists keys (key text primary key, booking integer not null);
"""
COLUMNS = ("id", "room", "start", "end", "title", "attendees", "user", "version")


class Refused(Exception):
    """A booking that cannot be: `status` is HTTP's, `field` what is wrong."""

    def __init__(self, status, field, message):
        super().__init__(message)
        self.status = status
        self.field = field


class Store:
    def __init__(self, path):
        self.db = sqlite3.connect(path, check_same_thread=False)
        self.db.executescript(SCHEMA)
        self.lock = threading.Lock()

    def rooms(self, min_capacity=0):
        return [{"name": n, "capacity": c} for n, c in sorted(ROOMS) if c >= min_capacity]

    def bookings(self, room=None, day=None, limit=50, offset=0):
        rows = [
            b
            for b in self._rows("select * from bookings order by start, id")
            if (room is None or b["room"] == room) and (day is None or b["start"].startswith(day))
        ]
        return {"total": len(rows), "items": rows[offset : offset + limit]}

    def booking(self, number):
        rows = self._rows("select * from bookings where id = ?", number)
        return rows[0] if rows else None

    def book(self, wish, user, key=None):
        with self.lock:
            if key:
                known = self.db.execute("select booking from keys where key = ?", (key,)).fetchone()
                if known:
                    return self.booking(known[0])
            self._check(wish)
            cursor = self.db.execute(
                "insert into bookings (room, start, end, title, attendees, user) values (?, ?, ?, ?, ?, ?)",
                (wish["room"], wish["start"], wish["end"], wish["title"].strip(), wish["attendees"], user),
            )
            if key:
                self.db.execute("insert into keys values (?, ?)", (key, cursor.lastrowid))
            self.db.commit()
            return self.booking(cursor.lastrowid)

    def change(self, number, changes, version=None):
        with self.lock:
            now = self.booking(number)
            if now is None:
                return None
            if version is not None and version != now["version"]:
                raise Refused(412, "version", "somebody changed it meanwhile")
            wish = now | {k: v for k, v in changes.items() if k in ("start", "end", "title", "attendees")}
            self._check(wish, number)
            self.db.execute(
                "update bookings set start = ?, end = ?, title = ?, attendees = ?, version = version + 1 where id = ?",
                (wish["start"], wish["end"], wish["title"].strip(), wish["attendees"], number),
            )
            self.db.commit()
            return self.booking(number)

    def cancel(self, number, user):
        with self.lock:
            now = self.booking(number)
            if now is None:
                return False
            if now["user"] != user:
                raise Refused(403, "user", "only who booked it may cancel it")
            self.db.execute("delete from bookings where id = ?", (number,))
            self.db.commit()
            return True

    def _check(self, wish, own=None):
        capacity = dict(ROOMS).get(wish["room"])
        if capacity is None:
            raise Refused(404, "room", f"no room {wish['room']}")
        if not str(wish.get("title", "")).strip():
            raise Refused(422, "title", "a title is needed")
        if wish["end"] <= wish["start"]:
            raise Refused(422, "end", "it ends before it begins")
        if not 0 < wish["attendees"] <= capacity:
            raise Refused(422, "attendees", f"the room holds {capacity}")
        for other in self._rows("select * from bookings where room = ?", wish["room"]):
            if other["id"] != own and wish["start"] < other["end"] and other["start"] < wish["end"]:
                raise Refused(409, "start", f"taken by {other['title']}")

    def _rows(self, query, *values):
        return [dict(zip(COLUMNS, row, strict=True)) for row in self.db.execute(query, values)]
