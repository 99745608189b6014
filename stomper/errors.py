"""What can go wrong in a way that the user can act on. Bugs raise something else."""


class StomperError(Exception):
    """A failure the user can mend: the message names the thing and the next step. Exit code 2."""


class SettingsError(StomperError):
    """A setting is unknown, of the wrong type or out of range."""


class RepositoryError(StomperError):
    """The target is not a repository that can be worked on, or git refused something."""


class PatchRefused(RepositoryError):
    """What an agent left behind is nothing that git can make of the base."""


class CheckerError(StomperError):
    """A checker is missing, crashed or timed out: what it would have found is unknown, never clean."""


class AgentError(StomperError):
    """An agent is unknown or cannot be used as configured."""


class SuiteError(StomperError):
    """The target's tests cannot be run in a way that proves anything."""


class Cancelled(StomperError):
    """The run was asked to stop."""


NO_MEMORY = (
    "there is no memory left: give it more, or less to do at once (--max-parallel-files); what was proven is kept, and "
    "`stomper resume` goes on with it"
)
"""What a MemoryError means to the user."""
