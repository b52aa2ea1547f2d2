"""Found first by processes whose PYTHONPATH names this folder: two libraries die of certain bytes.

It stands for the fault in native code that nobody knows of yet.
"""

import os
import signal
from typing import Any

import fastwarc.warc
import pycld2

_iterate, _detect = fastwarc.warc.ArchiveIterator, pycld2.detect


def _die(name: str) -> None:
    with open(os.environ["WEIR_DEATHS"], "a", encoding="utf-8") as stream:
        stream.write(f"{name} {os.getpid()}\n")
    os.kill(os.getpid(), signal.SIGSEGV)


def _poisoned_iterate(stream: Any, *arguments: Any, **named: Any) -> Any:
    if b"POISONED-HEAD" in stream.getvalue():
        _die("read")
    return _iterate(stream, *arguments, **named)


def _poisoned_detect(text: Any, *arguments: Any, **named: Any) -> Any:
    data = text if isinstance(text, bytes) else text.encode()
    if b"POISONED-TEXT" in data:
        _die("identify")
    if b"UNLUCKY-TEXT" in data:
        with open(os.environ["WEIR_DEATHS"], "a+", encoding="utf-8") as stream:
            stream.seek(0)
            if stream.read().count("unlucky") < 2:
                _die("unlucky")
    return _detect(text, *arguments, **named)


fastwarc.warc.ArchiveIterator = _poisoned_iterate
pycld2.detect = _poisoned_detect
