"""What the operating system says: where data goes, who the user is, whose files are safe.

On the way of ``prefcore get``, so it takes ``os.path``: pathlib costs 5 ms to import.
"""
# ruff: noqa: PTH111, PTH116, PTH117, PTH118, PTH120

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from prefcore.errors import NotPermitted, UsageError

__all__ = [
    "data_folder",
    "default_actor",
    "default_store",
    "file_owner",
    "shared_data",
    "system_user",
    "why_unsafe",
    "why_untrusted",
]


def data_folder(environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """Give the folder where prefcore keeps this user's data, by the platform's own rule.

    Elsewhere than on macOS and Windows that is the XDG Base Directory Specification 0.8, which
    has relative paths ignored.
    """
    home = environ.get("HOME") or os.path.expanduser("~")
    if platform == "darwin":
        return os.path.join(home, "Library", "Application Support", "prefcore")
    if platform == "win32":
        local = environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
        return os.path.join(local, "prefcore")
    data = environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(data):
        data = os.path.join(home, ".local", "share")
    return os.path.join(data, "prefcore")


def default_store(app: str, environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """Give the URL of an application's store where none is configured."""
    if app in ("", ".", "..") or any(mark in app for mark in "/\\:\0"):
        raise UsageError(
            f"the application's name '{app}' cannot name a folder; configure a store for it",
            app=app,
        )
    return "sqlite:" + os.path.join(data_folder(environ, platform), app, "prefs.db")


def default_actor(environ: Mapping[str, str]) -> str:
    """Give who acts where nobody is named: PREFCORE_ACTOR, else the system's name of this user.

    LOGNAME and USER are not asked: they hold what anybody wrote into them.
    """
    return environ.get("PREFCORE_ACTOR") or system_user()


def system_user() -> str:
    """Give the operating system's name of this user; what the environment says does not count."""
    if sys.platform == "win32":
        return os.getlogin()  # there GetUserNameW, which no variable changes
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container, a user without an account
        return f"uid-{os.getuid()}"


def shared_data() -> str:
    """Give the folder of all users' data on Windows, as the system knows it.

    No variable has a say in it: whoever sets one could else choose the system's policy.
    """
    if sys.platform == "win32":
        import ctypes

        found = ctypes.create_unicode_buffer(260)  # MAX_PATH
        # CSIDL_COMMON_APPDATA; anything but 0 (S_OK) is a failure.
        if ctypes.windll.shell32.SHGetFolderPathW(None, 0x23, None, 0, found) == 0:
            return found.value
        raise NotPermitted(
            "Windows does not tell where the data of all users is, so nothing can be known of "
            "the system's access policy, and nothing is done"
        )
    return "C:\\ProgramData"


def why_untrusted(path: str | os.PathLike[str], uid: int | None = None) -> str:
    """Say why code in a file or folder must not be run, or give the empty text: it is safe.

    Safe is what belongs to this user (or ``uid``) or root, nobody else may write, and stands in
    folders of that kind all the way up, where a sticky one such as /tmp will do. A group of
    which the user is the only member is the user. On Windows all is safe: it has no such owners.
    """
    if sys.platform == "win32":
        return ""
    uid = os.getuid() if uid is None else uid
    try:
        place = os.path.realpath(path, strict=True)
        reason = _why_unsafe(place, uid, sticky_will_do=False)
        while not reason and place != os.path.dirname(place):
            place = os.path.dirname(place)
            reason = _why_unsafe(place, uid, sticky_will_do=True)
    except OSError as error:
        return f"{path} cannot be looked at: {error.strerror}"
    return reason


def why_unsafe(path: str | os.PathLike[str]) -> str:
    """Say the same of a file or folder alone, whose folder is known to be safe."""
    if sys.platform == "win32":
        return ""
    try:
        return _why_unsafe(os.fspath(path), os.getuid(), sticky_will_do=False)
    except OSError as error:
        return f"{path} cannot be looked at: {error.strerror}"


def file_owner(path: str | os.PathLike[str]) -> str:
    """Give the name of the user that a file belongs to; empty where the system tells none."""
    try:
        return "" if sys.platform == "win32" else _user_name(os.stat(path).st_uid)
    except OSError:
        return ""


def _why_unsafe(place: str, uid: int, *, sticky_will_do: bool) -> str:
    found = os.stat(place)
    if found.st_uid not in (uid, 0):
        return f"{place} belongs to another user ({_user_name(found.st_uid)})"
    if sticky_will_do and found.st_mode & 0o1000:
        return ""
    if found.st_mode & 0o002:
        return f"everybody may write {place}; chmod o-w it"
    if found.st_mode & 0o020 and found.st_gid != 0 and not _is_private(found.st_gid, uid):
        return f"a group may write {place}; chmod g-w it"
    return ""


def _is_private(gid: int, uid: int) -> bool:
    """Whether a group is the user alone, as Debian and Fedora make them, with umask 002."""
    if sys.platform == "win32":
        return False
    import grp

    name = _user_name(uid)
    try:
        group = grp.getgrgid(gid)
    except KeyError:
        return False
    return group.gr_name == name and set(group.gr_mem) <= {name}


def _user_name(uid: int) -> str:
    if sys.platform == "win32":
        return str(uid)
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
