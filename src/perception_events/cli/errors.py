"""What a command says of an expected error: one line with what, where and the fix."""

from __future__ import annotations

import errno
import linecache
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import perception_events
from perception_events.errors import PerceptionEventsError
from perception_events.topology import Origin

__all__ = ["CommandError", "UserCodeError", "call_user_code", "error_lines", "short_path"]

_OUR_CODE = str(Path(perception_events.__file__).parent)
_OTHERS_CODE = tuple(
    {path for name in ("stdlib", "platstdlib", "purelib", "platlib") if (path := sysconfig.get_path(name))}
)

_AWS_FIXES = {
    "NoRegionError": "name one with --region, or set AWS_DEFAULT_REGION (boto3 does not read AWS_REGION)",
    "NoCredentialsError": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (DynamoDB Local takes any)",
    "PartialCredentialsError": "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "ProfileNotFound": "correct AWS_PROFILE; `aws configure list-profiles` shows what there is",
    "EndpointConnectionError": "start it, or correct --endpoint-url or --region",
    "ConnectTimeoutError": "check the network, --endpoint-url and --region",
    "ReadTimeoutError": "check the network, --endpoint-url and --region",
    "InvalidEndpointURLError": "write it as http://127.0.0.1:8000",
    "ResourceNotFoundException": "check the name, --env, --region and --endpoint-url",
    "AccessDeniedException": "let this identity make the call, or use another AWS_PROFILE",
    "ExpiredTokenException": "sign in again",
    "ExpiredToken": "sign in again",
    "TokenRetrievalError": "sign in again with `aws sso login`",
    "UnauthorizedSSOTokenError": "sign in again with `aws sso login`",
    "UnrecognizedClientException": "check the credentials: AWS does not know this key",
    "InvalidSignatureException": "check AWS_SECRET_ACCESS_KEY and this machine's clock",
}
"""What to do about an error of boto3, by its class or AWS's code."""

_FILE_FIXES = {
    errno.ENOENT: "check the path",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOTDIR: "check the path: a file stands where a folder is needed",
    errno.EACCES: "check its permissions",
    errno.ENOSPC: "free some space, or write to another disk",
}


class CommandError(PerceptionEventsError, ValueError):
    """A command cannot do what it is asked.

    `reason`: what is wrong, and where. `fix`: what to do about it.
    """

    def __init__(self, reason: str, fix: str) -> None:
        self.reason = reason
        self.fix = fix
        super().__init__(f"{reason}; fix: {fix}")


class UserCodeError(CommandError):
    """A module or function of the user's raised; the message is the last line of its own traceback.

    `origin`: the file and line of theirs, where they are known.
    """

    origin: Origin | None = None


def error_lines(error: BaseException) -> list[str]:
    """What is printed for an expected error; nothing for a mistake of ours."""
    problems = getattr(error, "problems", None)
    if isinstance(error, PerceptionEventsError) and problems:
        return [str(problem) for problem in problems]
    if _is_usage_error(error):
        return [_usage_line(error)]
    fix = _aws_fix(error)
    if fix is not None:
        return [f"{_first_line(error)}; fix: {fix}"]
    if isinstance(error, PerceptionEventsError):
        return [_library_line(str(error))]
    if isinstance(error, OSError):
        return [_file_line(error)]
    where = _users_frame(error.__traceback__)
    if where is not None:
        return [str(_user_code_error(error, where))]
    return []


def call_user_code(function: Callable[[], object], what: str) -> object:
    """The result of `function`, which runs code of the user's.

    Raises:
        UserCodeError: it raised, or left by `sys.exit`; `what` says where where no line of theirs is known.
    """
    try:
        return function()
    except (KeyboardInterrupt, CommandError):
        raise
    except BaseException as error:
        raise _user_code_error(error, _users_frame(error.__traceback__) or what) from error


def _user_code_error(error: BaseException, where: Origin | str) -> UserCodeError:
    if isinstance(error, SyntaxError) and error.filename:
        where = Origin(short_path(error.filename), error.lineno)
        error = SyntaxError(error.msg)
    told = UserCodeError(f"{where}: {type(error).__name__}: {_first_line(error)}", "correct it; --traceback shows all")
    told.origin = where if isinstance(where, Origin) else None
    return told


def _users_frame(trace: TracebackType | None) -> Origin | None:
    """The innermost line that is neither ours, nor Python's, nor an installed package's."""
    frames = traceback.extract_tb(trace)
    for frame in reversed(frames):
        file = frame.filename
        if file.startswith(("<", _OUR_CODE)) or not linecache.getline(file, frame.lineno or 1):
            continue
        if not file.startswith(_OTHERS_CODE):
            return Origin(short_path(file), frame.lineno)
    return None


def short_path(file: str) -> str:
    """A path as seen from the current folder, where it lies in it."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _library_line(message: str) -> str:
    """The first line, which says what and where, and the hint that stands below a drawn position."""
    first, *rest = message.splitlines() or [""]
    hint = next((line.strip().removeprefix("hint: ") for line in rest if line.strip().startswith("hint: ")), "")
    return f"{first}; fix: {hint}" if hint else " ".join([first, *(line.strip() for line in rest)])


def _first_line(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _is_usage_error(error: BaseException) -> bool:
    """Whether the toolkit rejected the call; its classes have moved between releases."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _usage_line(error: BaseException) -> str:
    message = " ".join(str(error.format_message()).split())  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", None) or "perception-events"
    return f"{message.rstrip('.')}; fix: see `{command} --help`"


def _aws_fix(error: BaseException) -> str | None:
    """What to do about an error of boto3, or one of ours that carries AWS's code or boto3's error as its cause."""
    cause = error.__cause__ if isinstance(error, PerceptionEventsError) else None
    for each in (error, cause):
        if each is None:
            continue
        is_aws = type(each).__module__.startswith(("botocore", "boto3"))
        response = getattr(each, "response", None)
        details = response.get("Error", {}) if isinstance(response, dict) else {}
        code = str(details.get("Code", "") or getattr(each, "code", ""))
        for name in (code, *(cls.__name__ for cls in type(each).__mro__ if is_aws)):
            if name in _AWS_FIXES:
                return _AWS_FIXES[name]
        if is_aws:
            return "see AWS's message"
    return None


def _file_line(error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.filename is None:
        return (
            f"the output cannot be written: {reason}; fix: {_FILE_FIXES.get(error.errno or 0, 'check where it goes')}"
        )
    fix = _FILE_FIXES.get(error.errno or 0, "check the path and its permissions")
    return f"{error.filename}: {reason}; fix: {fix}"
