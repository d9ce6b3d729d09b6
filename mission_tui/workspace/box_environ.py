"""The variables that programs in a box start with. Nothing of the host's own environment gets in by itself."""

import os

from mission_tui.workspace.box_mounts import browsers_path, program_directories
from mission_tui.workspace.box_spec import ENV, HOME, RUN, BoxSpec
from mission_tui.workspace.host_settings import HostSettings

_FIXED = {
    "HOME": HOME,
    "USER": "agent",
    "LOGNAME": "agent",
    "SHELL": "/bin/bash",
    "TMPDIR": "/tmp",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "CI": "1",
    "PAGER": "cat",
    "MISSION_RUN_DIR": RUN,
    "VIRTUAL_ENV": ENV,
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "npm_config_prefix": ENV,
    "npm_config_update_notifier": "false",
    "npm_config_fund": "false",
    "npm_config_audit": "false",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    # As seen from the box, the tree may belong to nobody; and tests that make repositories of their own need a name.
    "GIT_CONFIG_COUNT": "3",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
    "GIT_CONFIG_KEY_1": "user.name",
    "GIT_CONFIG_VALUE_1": "agent",
    "GIT_CONFIG_KEY_2": "user.email",
    "GIT_CONFIG_VALUE_2": "agent@localhost",
}
_FETCHED = {
    "GOMODCACHE": f"{ENV}/go/mod",
    "GOBIN": f"{ENV}/bin",
    "CARGO_HOME": f"{ENV}/cargo",
    "CARGO_INSTALL_ROOT": ENV,
    "GEM_HOME": ENV,
    "MAVEN_OPTS": f"-Dmaven.repo.local={ENV}/maven",
    "COMPOSER_HOME": f"{ENV}/composer",
}
"""What these tools would keep below `$HOME`, which no box leaves to another: fetched by setup, there for the checks."""
_WITHOUT_NETWORK = {"PIP_RETRIES": "0", "npm_config_fetch_retries": "0"}


def box_environ(spec: BoxSpec, settings: HostSettings | None) -> dict[str, str]:
    """All variables of a box: the product's fixed ones win over the host's package-manager settings."""
    environ = dict(settings.env) if settings is not None else dict(_WITHOUT_NETWORK)
    environ |= _FIXED | {"PATH": os.pathsep.join([f"{ENV}/bin", *program_directories()])}
    # Where it cannot be written, but the network is there, whatever is missing is fetched anew.
    if spec.env_writable or not spec.network:
        environ |= _FETCHED
    environ |= {"GRADLE_USER_HOME": f"{ENV}/gradle"} if spec.env_writable else {}
    environ |= {"GRADLE_RO_DEP_CACHE": f"{ENV}/gradle/caches"} if not spec.env_writable else {}
    if not spec.env_writable:
        environ["PYTHONDONTWRITEBYTECODE"] = "1"
    browsers = browsers_path()
    if browsers is not None:
        environ["PLAYWRIGHT_BROWSERS_PATH"] = str(browsers)
    return environ
