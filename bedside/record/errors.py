"""What can go wrong with the record.

RecordError
├── JournalBusy      another process writes this journal
├── JournalDamaged   acknowledged lines are missing or altered
└── JournalFailed    nothing can be made durable any more: stop stimulation
"""


class RecordError(Exception):
    """Base of all errors of the record; the text names the file and what to do."""


class JournalBusy(RecordError):
    """Another process holds this journal open for writing."""


class JournalDamaged(RecordError):
    """Reading met a line that is not what was once acknowledged."""


class JournalFailed(RecordError):
    """A second write failed: no further event can be acknowledged, so no pulse may be given."""
