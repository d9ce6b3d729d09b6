"""The first process of a box: starts commands, services and programs, and kills whatever they leave behind.

It runs inside the box as PID 1, with nothing but the standard library (hence relative imports: the rest of the product
is not importable there). The engine speaks JSON lines over Unix sockets: one with PID 1, and one with each supervisor.
Files for output arrive as descriptors beside the line that names them, so nothing in the box can open, replace or forge
a log by its path.

Every task has a supervisor of its own: a fork of PID 1 that takes the engine's order, captures the output, keeps the
time limit and, being a "child subreaper", adopts each orphan of its task, however often it forked or changed session.
When the task's main process ends, the supervisor kills all that is left. A supervisor that is itself killed leaves its
orphans to PID 1, which knows its supervisors and kills every other child it finds. PID 1 cannot be killed from inside
its namespace.
"""
