"""A model on the loopback interface for tests: it speaks the providers' protocols and does what a test says."""

from tests.support.model_api.plays import (
    ask_for_ever,
    cheat,
    commit,
    cut_stream,
    edit_other,
    fails,
    fix,
    hang,
    leave_child,
    no_op,
    say,
    syntax_error,
)
from tests.support.model_api.server import ModelServer, Recorded
from tests.support.model_api.talk import Call, Cut, Edit, Failure, Hang, Play, Reply, Talk, Turn

__all__ = [
    "Call", "Cut", "Edit", "Failure", "Hang", "ModelServer", "Play", "Recorded", "Reply", "Talk", "Turn",
    "ask_for_ever", "cheat", "commit", "cut_stream", "edit_other", "fails", "fix", "hang", "leave_child", "no_op", "say",
    "syntax_error",
]  # fmt: skip
