"""What the transcript asks of the screen that it is on."""

from textual.message import Message

from mission_tui.store.steps import StepRecord


class StepSought(Message):
    """The next step with a text (None: with an error) after, or before, a number is to be found."""

    def __init__(self, run_id: str, n: int, by: int, text: str | None) -> None:
        super().__init__()
        self.run_id = run_id
        self.n = n
        self.by = by
        self.text = text


class OutputOpened(Message):
    """All that a step said is to be shown."""

    def __init__(self, step: StepRecord) -> None:
        super().__init__()
        self.step = step


class RunWanted(Message):
    """This run's steps are to be read from now on."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id


class StepsWanted(Message):
    """More steps of the run, those after a number."""

    def __init__(self, run_id: str, after: int) -> None:
        super().__init__()
        self.run_id = run_id
        self.after = after
