from pathlib import Path

import pytest

from mission_tui.config import ConfigProblem, Flags, load_settings, parse_seat, require_seats


class Place:
    """A user's settings, a repository's, and an environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.repo = root / "repo"
        self.environ = {"XDG_CONFIG_HOME": str(root / "config")}

    def user(self, text: str) -> None:
        self._write(self.root / "config" / "mission-tui" / "config.toml", text)

    def repository(self, text: str) -> None:
        self._write(self.repo / ".mission" / "config.toml", text)

    def load(self, **flags: object):
        return load_settings(self.repo, Flags.model_validate(flags), self.environ)

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.repo.mkdir()
    return made


def test_nothing_said_gives_the_defaults_and_no_seats(place: Place):
    settings = place.load()
    assert settings.seats == {}
    assert settings.network == "none"
    assert settings.review is None
    with pytest.raises(ConfigProblem, match="--model"):
        require_seats(settings, place.environ)


def test_later_layers_win(place: Place):
    place.user('review = "auto"\n[seats.default]\nmodel = "a/user"\n[limits]\nusd = 9\n')
    place.repository('[seats.worker]\nmodel = "a/repo"\n')
    place.environ["MISSION_TUI_SEAT_REVIEWER"] = "a/environment"
    settings = place.load(seats=("researcher=a/flag",), usd=3)
    models = {role: seat.model for role, seat in settings.seats.items()}
    assert models == {
        "default": "a/user",
        "worker": "a/repo",
        "reviewer": "a/environment",
        "researcher": "a/flag",
    }
    assert settings.limits.usd == 3
    assert settings.review == "auto"


def test_a_model_for_all_seats_replaces_every_entry_and_its_endpoint(place: Place):
    place.user('[seats.default]\nmodel = "a/user"\napi_base = "http://here"\n[seats.worker]\nmodel = "b/user"\n')
    seats = place.load(model="c/flag").seats
    assert list(seats) == ["default"]
    assert seats["default"].api_base is None


def test_an_endpoint_flag_belongs_to_the_models_given_beside_it(place: Place):
    place.user('[seats.default]\nmodel = "a/user"\n')
    seats = place.load(seats=("worker=openai/local",), api_base="http://127.0.0.1:1/v1").seats
    assert seats["worker"].api_base == "http://127.0.0.1:1/v1"
    assert seats["default"].api_base is None
    assert place.load(api_base="http://127.0.0.1:1/v1").seats["default"].api_base == "http://127.0.0.1:1/v1"


def test_a_seat_takes_what_it_does_not_say_from_the_default(place: Place):
    place.user('[seats.default]\nmodel = "a/b"\napi_key_env = "K"\n[seats.worker]\noptions = {temperature = 0}\n')
    worker = place.load().seats["worker"]
    assert (worker.model, worker.api_key_env, worker.options) == ("a/b", "K", {"temperature": 0})


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('[seats.worker]\napi_base = "http://x"', "seats.worker.api_base"),
        ('[seats.worker]\napi_key_env = "SECRET"', "seats.worker.api_key_env"),
        ("[seats.worker]\noptions = {api_version = '1'}", "seats.worker.options"),
        ('commands = ["rm"]', "commands"),
        ('[seats.worker]\nmodel = "huggingface/https://example.org"', "seats.worker.model"),
        ('[seats.worker]\nmodel = "scripted:/tmp/x"', "seats.worker.model"),
    ],
)
def test_a_repository_cannot_reach_out(place: Place, text: str, word: str):
    place.repository(text)
    with pytest.raises(ConfigProblem, match=word):
        place.load()


def test_a_repository_tightens_and_never_loosens(place: Place):
    place.user('network = "registries"\nreview = "every:3"\n[limits]\nusd = 5\nhours = 10\n')
    place.repository('network = "none"\nreview = "milestone"\n[limits]\nusd = 2\nhours = 99\n')
    settings = place.load()
    assert (settings.network, settings.review) == ("none", "milestone")
    assert (settings.limits.usd, settings.limits.hours) == (2, 10)
    assert [note for note in settings.notes if "limits.hours = 99" in note]
    place.repository('network = "open"\nreview = "auto"\n')
    loose = place.load()
    assert (loose.network, loose.review) == ("registries", "every:3")
    assert len(loose.notes) == 2


def test_a_repository_s_file_that_is_a_link_is_not_followed(place: Place):
    (place.root / "elsewhere.toml").write_text('network = "none"\n')
    (place.repo / ".mission").mkdir()
    (place.repo / ".mission" / "config.toml").symlink_to(place.root / "elsewhere.toml")
    with pytest.raises(ConfigProblem, match=r"config\.toml"):
        place.load()


def test_scripts_are_found_beside_whoever_names_them(place: Place, monkeypatch: pytest.MonkeyPatch):
    place.user('[seats.default]\nmodel = "scripted:a.yaml"\n')
    monkeypatch.chdir(place.repo)
    seats = place.load(seats=("worker=scripted:b.yaml",)).seats
    assert seats["default"].model == f"scripted:{place.root / 'config' / 'mission-tui' / 'a.yaml'}"
    assert seats["worker"].model == f"scripted:{place.repo / 'b.yaml'}"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("network = 'all'", "network"),
        ("[limits]\nusd = -1", r"limits\.usd"),
        ("[seats.cook]\nmodel = 'x'", "cook"),
        ("[limits]\nhour = 3", "did you mean `hours`"),
        ("seats = [", "config.toml"),
        ("[seats.worker]\napi_key_env = 'K'", "model is missing"),
    ],
)
def test_mistakes_in_the_users_file_are_named(place: Place, text: str, word: str):
    place.user(text)
    with pytest.raises(ConfigProblem, match=word):
        place.load()


def test_mistakes_in_the_environment_are_named(place: Place):
    place.environ["MISSION_TUI_USD"] = "plenty"
    with pytest.raises(ConfigProblem, match="MISSION_TUI_USD"):
        place.load()


@pytest.mark.parametrize("assignment", ["worker", "worker=", "=x", "cook=x"])
def test_a_seat_is_role_and_model(assignment: str):
    with pytest.raises(ConfigProblem):
        parse_seat(assignment)
