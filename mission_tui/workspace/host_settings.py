"""What the host's package managers are told: needed in a box that may use the network, absent from every other."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_PREFIXES = ("PIP_", "UV_", "NPM_CONFIG_", "YARN_")
_NAMES = frozenset(
    {
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "FTP_PROXY"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
        *("GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO", "GOPROXY", "GOSUMDB", "GONOSUMDB"),
    }
)
_ABOUT_HOST_DIRECTORIES = re.compile(
    r"(CACHE|CACHE_DIR|PREFIX|TARGET|ROOT|USER|SRC|LOG|LOG_FILE|ENVIRONMENT|TOOL_DIR)$"
)
"""Settings that name places on the host where things are to be put; inside the box they would mislead."""
_USER_FILES = (".config/pip/pip.conf", ".pip/pip.conf", ".config/uv/uv.toml", ".npmrc")
SYSTEM_FILES = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf", "/etc/uv/uv.toml", "/etc/npmrc", "/usr/etc/npmrc")
"""Settings of the whole machine. They may hold a registry's password, so boxes without a network do not see them."""
_MENTIONS_FILES = re.compile(r"(CERT|CA_?INFO|CA_BUNDLE|CA_CERTS|CAFILE|FIND_LINKS|CONFIG_FILE|CONSTRAINT)S?$", re.I)
_SETTING = re.compile(r"^\s*([\w-]+)\s*=\s*(.+)$", re.M)
_PATH = re.compile(r"(?:^|(?<=[\s\"'\[,])|(?<=file://))(/[^\s\"',\]]+)")


@dataclass(frozen=True)
class HostSettings:
    """Variables to set in the box, files to show at a place below its `$HOME`, and files to show where they are."""

    env: Mapping[str, str]
    home_files: Mapping[str, Path]
    paths: tuple[Path, ...]


def gather_host_settings(environ: Mapping[str, str] = os.environ) -> HostSettings:
    """Read the settings of pip, uv, npm and yarn, proxies and certificates of the user who runs the engine."""
    home = Path(environ.get("HOME") or Path.home())
    env = {name: value for name, value in environ.items() if _wanted(name)}
    home_files = {name: home / name for name in _USER_FILES if (home / name).is_file()}
    paths = [path for name, value in env.items() if _MENTIONS_FILES.search(name) for path in _mentioned(value)]
    for file in (*home_files.values(), *map(Path, SYSTEM_FILES)):
        paths += _mentioned_in(file)
    return HostSettings(env, home_files, tuple(dict.fromkeys(path for path in paths if not home.is_relative_to(path))))


def _wanted(name: str) -> bool:
    upper = name.upper()
    return upper in _NAMES or (upper.startswith(_PREFIXES) and not _ABOUT_HOST_DIRECTORIES.search(upper))


def _mentioned(value: str) -> Iterator[Path]:
    return (path for path in map(Path, _PATH.findall(value)) if path.exists())


def _mentioned_in(file: Path) -> Iterator[Path]:
    try:
        text = file.read_text(errors="replace")
    except OSError:
        return
    for name, value in _SETTING.findall(text):
        if _MENTIONS_FILES.search(name.replace("-", "_")):
            yield from _mentioned(value)
