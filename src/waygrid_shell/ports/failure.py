"""How ports fail. Adapters raise these from their driver's exceptions; services let them pass."""


class PortFailure(Exception):  # noqa: N818 - "failure" says it already
    """What a port could not do. Its text is a sentence for the person who runs Waygrid, with the cure if any."""


class Unavailable(PortFailure):
    """The store or the network behind a port does not answer. What was asked may or may not have been done."""

    def __init__(self, port: str, reason: str) -> None:
        super().__init__(f"the {port} is unavailable: {reason}")
        self.port = port
        self.reason = reason


class StorageFull(PortFailure):
    """There is no room to write. Nothing of what was asked has been done, and nothing that was written is lost."""


class ForeignStorage(PortFailure):
    """What lies where data was expected is not ours, or of a newer version, or was changed by hand."""


class UnreadableDag(PortFailure):
    """A stored DAG cannot be read by this process: an extension in it is not given, or is another version. It is not
    lost, and whoever has the extensions reads it.
    """


class StorageInUse(PortFailure):
    """Another process owns the data."""


class VersionConflict(PortFailure):
    """Another writer has written that traversal, or mailbox. Nothing of the batch has been written."""

    def __init__(self, subject: str, expected: int) -> None:
        super().__init__(f"{subject} is no longer at version {expected}: another writer came between")
        self.subject = subject
        self.expected = expected
