"""The Serverless Framework's variables (`${self:...}`, `${opt:...}`, `${file(...)}`), resolved when they are asked for.

Reference: https://www.serverless.com/framework/docs/providers/aws/guide/variables
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from perception_events.readers._files import read_document
from perception_events.readers._problems import DocumentError
from perception_events.readers._texts import as_text, join_texts
from perception_events.topology import Account, LocatedDict, LocatedList, Origin, Unresolved

__all__ = ["Variables"]

# The innermost `${...}` that begins with a source; `${AWS::Region}` belongs to CloudFormation and stays.
_VARIABLE = re.compile(r"\$\{([a-zA-Z]+(?:\([^(){}$]*\))?:(?!:)[^{}]*|[a-zA-Z]+\([^(){}$]*\)|strToBool\([^{}]*\))\}")
_SOURCE = re.compile(r"([a-zA-Z]+)(?:\(([^()]*)\))?(?::(.*))?", re.DOTALL)
_PSEUDO = re.compile(r"#\{([A-Za-z0-9:.]+)\}")
_MISSING = object()
_DEEPEST = 50


class Variables:
    """Resolves the variables of one service.

    `file`: the service's file. `document`: its content. `given`: options and parameters by name; `stage` and `region`
    among them. `missing_file`: called with a reason where an included file cannot be read.
    """

    def __init__(
        self,
        file: Path,
        document: Mapping[str, Any],
        account: Account,
        given: Mapping[str, Any],
        missing_file: Callable[[str, str], None],
    ) -> None:
        self._file = file
        self._document = document
        self._account = account
        self._given = given
        self._missing_file = missing_file
        self._open: list[str] = []
        self._files: dict[str, Any] = {}

    def resolve(self, value: Any) -> Any:
        """`value` with every variable resolved; `#{Name}` becomes CloudFormation's `Fn::Sub`."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            lines = getattr(value, "lines", None)
            content = {key: self.resolve(one) for key, one in value.items()}
            return LocatedDict(content, line=getattr(value, "line", None), lines=lines)
        if isinstance(value, list):
            elements = [self.resolve(one) for one in value]
            return LocatedList(elements, line=getattr(value, "line", None), lines=getattr(value, "lines", None))
        return value

    def at(self, path: str) -> Any:
        """The resolved value at a path of the service's file, such as `provider.stage`; None where there is none."""
        value = self._self(path)
        return None if value is _MISSING else value

    @property
    def stage(self) -> Any:
        """The stage: the option, or the provider's, or `dev`."""
        return self._given.get("stage") or self.at("provider.stage") or "dev"

    def _text(self, text: str) -> Any:
        if "${" not in text:
            return {"Fn::Sub": _PSEUDO.sub(r"${\1}", text)} if _PSEUDO.search(text) else text
        if len(self._open) > _DEEPEST:
            return Unresolved(text, "variables that refer to each other in a circle", Origin(str(self._file)))
        pieces: list[Any] = []
        while (match := _VARIABLE.search(text)) is not None:
            value = self._variable(match[1])
            if match.start() == 0 and match.end() == len(text) and not pieces:
                return value
            if isinstance(value, Unresolved):
                inner = text.rfind("${", 0, match.start())
                if inner >= 0 and text.find("}", inner, match.start()) < 0:  # `${self:custom.${ssm:/x}}`: unknown too
                    end = text.find("}", match.end())
                    outer = text[inner : end + 1] if end >= 0 else text[inner:]
                    value = Unresolved(outer, value.reason, value.origin)
                    pieces += [text[:inner], value]
                    text = text[end + 1 :] if end >= 0 else ""
                    continue
                pieces += [text[: match.start()], value]
                text = text[match.end() :]
                continue
            if isinstance(value, dict | list):
                value = Unresolved(match[0], "it is not a text", Origin(str(self._file)))
                pieces += [text[: match.start()], value]
                text = text[match.end() :]
                continue
            text = text[: match.start()] + as_text(value) + text[match.end() :]
        pieces.append(text)
        joined = join_texts(pieces)
        if isinstance(joined, str) and _PSEUDO.search(joined):
            return {"Fn::Sub": _PSEUDO.sub(r"${\1}", joined)}
        return joined

    def _variable(self, expression: str) -> Any:
        """The first of the alternatives, which commas separate, that has a value."""
        reason = ""
        for alternative in _alternatives(expression):
            value = self._alternative(alternative)
            if value is _MISSING or value is None:
                continue
            if isinstance(value, Unresolved):
                reason = value.reason
                continue
            return value
        source = expression.partition(",")[0].strip()
        reason = reason or f"{source} is not set; give its value"
        return Unresolved(f"${{{expression}}}", reason, Origin(str(self._file)))

    def _alternative(self, text: str) -> Any:
        if text[:1] in ("'", '"') and text[-1:] == text[:1]:
            return text[1:-1]
        if text in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text]
        if re.fullmatch(r"-?\d+", text):
            return int(text)
        match = _SOURCE.fullmatch(text)
        if match is None:
            return _MISSING
        source, argument, address = match.groups()
        address = (address or "").strip()
        if source == "self":
            return self._self(address)
        if source in ("opt", "param", "env"):
            return self._option(source, address)
        if source == "sls":
            known = {"stage": self.stage, "instanceId": "generated"}
            return known.get(address, _MISSING)
        if source == "aws":
            return {"accountId": self._account.number, "region": self._account.region}.get(address, _MISSING)
        if source == "file":
            return self._included(argument or "", address)
        reasons = {"ssm": "SSM", "cf": "another stack", "s3": "S3", "git": "the repository", "terraform": "a state"}
        where = reasons.get(source.partition(".")[0], source)
        return Unresolved(f"${{{text}}}", f"it is read from {where} at the deployment", Origin(str(self._file)))

    def _option(self, source: str, name: str) -> Any:
        if name in self._given:
            return self._given[name]
        if source == "param":
            for stage in (self.stage, "default"):
                value = self._self(f"params.{stage}.{name}") if isinstance(stage, str) else _MISSING
                if value is not _MISSING:
                    return value
        return _MISSING

    def _self(self, path: str) -> Any:
        if path in self._open:
            return Unresolved(f"${{self:{path}}}", f"{path} refers to itself", Origin(str(self._file)))
        self._open.append(path)
        try:
            return self._walk(self._document, path)
        finally:
            self._open.pop()

    def _walk(self, value: Any, path: str) -> Any:
        for step in filter(None, path.split(".")):
            if isinstance(value, str):
                value = self.resolve(value)
            if isinstance(value, Unresolved):
                return value
            if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            elif isinstance(value, dict) and step in value:
                value = value[step]
            else:
                return _MISSING
        return self.resolve(value)

    def _included(self, name: str, address: str) -> Any:
        path = self._file.parent / name.strip()
        if path.suffix not in (".yml", ".yaml", ".json"):
            reason = f"{name} is code or another format; it is not run"
            return Unresolved(f"${{file({name}):{address}}}", reason, Origin(str(self._file)))
        if name not in self._files:
            try:
                self._files[name] = read_document(path)
            except DocumentError as error:
                self._files[name] = None
                self._missing_file(f"{path}: {error.reason}", error.fix)
        document = self._files[name]
        if document is None:
            return Unresolved(f"${{file({name})}}", f"{name} could not be read", Origin(str(self._file)))
        key = f"{name}:{address}"
        if key in self._open:
            return Unresolved(f"${{file({name}):{address}}}", f"{key} refers to itself", Origin(str(self._file)))
        self._open.append(key)
        try:
            return self._walk(document, address)
        finally:
            self._open.pop()


def _alternatives(expression: str) -> list[str]:
    """Split at commas that are not inside quotes or parentheses."""
    found: list[str] = []
    start = depth = 0
    quote = ""
    for position, character in enumerate(expression):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "," and depth == 0:
            found.append(expression[start:position].strip())
            start = position + 1
    return [*found, expression[start:].strip()]
