"""What can go wrong with the records.

RecordsError
├── NotRecorded     nothing is stored under that number or name
│   └── LetGo       not any more: by the rule for frames of good pieces
├── Conflict        somebody else was first, or the record no longer allows it
├── NotAllowed      what was asked lacks something or is out of range; asking otherwise helps
├── WrongSecret     the badge or the PIN is not that person's
├── LockedOut       too many wrong tries; waiting helps, or an admin
├── OutOfReach      the database's server or the image store does not answer or has no room; later it may
└── Damaged         what is stored is not what was written
"""


class RecordsError(Exception):
    """The database or the image store cannot do what was asked; the message says which, why, and what to do."""


class NotRecorded(RecordsError):
    """Nothing is stored under that number or name."""


class LetGo(NotRecorded):
    """A frame that the settings' rule let go."""


class Conflict(RecordsError):
    """Somebody else was first, or what is already recorded no longer allows it."""


class NotAllowed(RecordsError):
    """What was asked lacks something or is out of range; asking otherwise helps."""


class WrongSecret(RecordsError):
    """The badge or the PIN is not that person's."""


class LockedOut(RecordsError):
    """Too many wrong tries; waiting helps, or an admin."""

    def __init__(self, message: str, wait_s: int) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class OutOfReach(RecordsError):
    """The database's server or the image store does not answer or has no room; what was asked is fine, later it may."""


class Damaged(RecordsError):
    """What is stored is not what was written."""
