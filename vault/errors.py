"""Everything the vault can refuse, as one tree.

    VaultError
    ├── InvalidInput            what was sent cannot be meant
    │   ├── MalformedId
    │   ├── InvalidIdentifier   a number whose check digits or shape are wrong
    │   └── UnaccompaniedMinor  a minor without a parent or guardian: outside this trajectory
    ├── AccessDenied            the firewall said no
    │   ├── PermitInvalid       a permit that is expired, or was minted for something else
    │   └── StepUpNeeded        allowed, once whoever asks has proved anew who they are
    ├── NotSignedIn
    │   ├── SignInRefused       wrong name, password, code or passkey: never says which
    │   └── SignInThrottled     too many attempts
    ├── NotFound                unknown, or not to be told apart from unknown
    ├── Conflict
    │   ├── IllegalStep         the case's state does not allow the step
    │   ├── StaleVersion        somebody wrote a newer version first
    │   ├── NoticeMissing       no note before the privacy notice was given
    │   ├── ReviewNeeded        suggestions in a note that nobody decided
    │   ├── ReviewStale         decisions about another look at the text than this one
    │   ├── SlotTaken           the desk is booked at that time
    │   ├── Clash               an appointment that stands in the way of another; may be booked all the same
    │   ├── NotAssignable       the coach cannot take the case, or nobody can
    │   ├── TooFewCases         nothing is drawn where a draw would name the case
    │   ├── ErasureHeld         something of the case still runs: it is not erased now
    │   └── ConsentMissing      nothing is sent to a partner without a live consent
    ├── Surviving               free text still names a known person after replacement
    ├── Erased                  the keys of this case were destroyed
    ├── CryptoError
    │   ├── RecordTampered      a sealed thing does not open in the context it stands in
    │   ├── EnvelopeRejected    a cross-zone envelope whose signature or context is wrong
    │   ├── DirectoryRejected   the zone directory is not the one that was pinned
    │   └── UnsupportedFormat   a version byte we do not know
    ├── LogError
    │   ├── InvalidProof        a path that does not lead where it claims
    │   ├── NoteRejected        a note, checkpoint or key that is malformed or not signed as it must be
    │   ├── LogDamaged          what is stored is not what was logged
    │   └── LogRolledBack       a tree smaller or other than one that was signed before
    ├── KeyringError
    │   ├── WrongPassphrase
    │   ├── KeyringMissing
    │   │   └── RootMissing     the place is there, and holds no such key
    │   ├── KeyringDamaged
    │   ├── GenerationMissing   a wrap, or a keystore, of another generation of the zone's key than is held
    │   ├── RootRefused         a token's PIN, or a service's token, is not accepted or may not
    │   ├── RootUnavailable     the token or service is not there, sealed, or not the one that was pinned
    │   └── RootUnsuitable      a key that could leave its place, or is of another sort
    ├── ProvenanceRefused       something would leave that comes from where it must not
    ├── PolicyRejected          rules that cannot be loaded; the old ones stay
    ├── StoreError
    │   ├── StoreBusy           another process serves this store, or too many requests wait
    │   │   └── LogBeingFiled   so much was written at once that the log can be searched in a moment only
    │   ├── StoreUnavailable    the database is gone, full, or the group's commit failed
    │   ├── StoreMismatch       the schema is not the one this program was written for
    │   ├── ForeignStore        a database of another installation, or of none
    │   └── ErasurePending      a database was put back from before an erasure: erase again before serving
    ├── PrintingError           a letter cannot be drawn on paper; its text is there all the same
    │   ├── LetterNotPrintable  this letter: too long, or with a character that no font has
    │   └── PrinterUnavailable  any letter: fonts or libraries are missing, or too many wait
    ├── ProviderUnavailable     the identity provider does not answer, or not as one
    └── ConfigurationError

Each class has a stable `code`. Texts carry ids, codes and counts, never content."""

from __future__ import annotations

from typing import ClassVar


class VaultError(Exception):
    """Base of everything the vault refuses."""

    code: ClassVar[str] = "vault_error"
    #: Once the worker undid the use case: (event, detail) for the log, and what it runs instead, before any other.
    audit: object = None
    instead: object = None


class InvalidInput(VaultError):
    """What was sent cannot be meant. `field` names the place, never the value."""

    code = "invalid_input"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class MalformedId(InvalidInput):
    """An id that is not 16 bytes in hexadecimal."""

    code = "malformed_id"


class InvalidIdentifier(InvalidInput):
    """A national number, OV/SP number or the like with a wrong shape or check digit."""

    code = "invalid_identifier"


class UnaccompaniedMinor(InvalidInput):
    """A minor who is with no parent or guardian in the case: no case is opened. Names nobody."""

    code = "unaccompanied_minor"


class AccessDenied(VaultError):
    """The firewall said no. `reasons` are stable codes; they reveal nothing about the item."""

    code = "access_denied"

    def __init__(self, message: str = "access denied", *, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.reasons = reasons


class PermitInvalid(AccessDenied):
    """A permit that has expired, or that was minted for another actor, item or purpose."""

    code = "permit_invalid"


class StepUpNeeded(AccessDenied):
    """Allowed, but whoever asks must prove anew who they are first: what is released does not come back."""

    code = "step_up_needed"

    def __init__(self, message: str) -> None:
        super().__init__(message, reasons=("step_up",))


class NotSignedIn(VaultError):
    """No session, or one that has ended."""

    code = "not_signed_in"


class SignInRefused(NotSignedIn):
    """Name, password, code or passkey is wrong; which one is not said. noted: what the log says of it, a code."""

    code = "sign_in_refused"

    def __init__(self, message: str, *, noted: str = "refused") -> None:
        super().__init__(message)
        self.noted = noted


class SignInThrottled(NotSignedIn):
    """Too many failed attempts. `retry_after`: seconds."""

    code = "sign_in_throttled"

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many attempts")
        self.retry_after = retry_after


class ProviderUnavailable(VaultError):
    """The identity provider does not answer, or not as one. Nothing was decided about anybody."""

    code = "provider_unavailable"


class ProvenanceRefused(VaultError):
    """Something would leave that comes from where it must not: a fault of the program, stopped before sealing."""

    code = "provenance_refused"


class BudgetSpent(VaultError):
    """So many of these as one person may do in a period were done already."""

    code = "budget_spent"


class NotFound(VaultError):
    """Unknown, or something whose existence the asker may not learn: the answer is the same."""

    code = "not_found"


class Conflict(VaultError):
    """The request contradicts what is stored."""

    code = "conflict"


class IllegalStep(Conflict):
    """The case does not take the step now. `reason`: a stable code. `possible`: what this case can take instead."""

    code = "illegal_step"

    def __init__(self, message: str, *, possible: tuple[str, ...] = (), reason: str = "not_listed") -> None:
        super().__init__(message)
        self.possible = possible
        self.reason = reason


class StaleVersion(Conflict):
    """Somebody wrote a newer version first. `current`: its number. The caller gets both texts, by permit."""

    code = "stale_version"

    def __init__(self, *, expected: int, current: int) -> None:
        super().__init__(f"version {current} exists, the change was based on version {expected}")
        self.expected = expected
        self.current = current
        #: The texts of both versions, for the author who was refused; set by a use case that asked for them.
        self.versions: list[dict[str, object]] | None = None


class NoticeMissing(Conflict):
    """No note may be written before the privacy notice was given and recorded."""

    code = "notice_missing"


class ReviewNeeded(Conflict):
    """A note holds suggestions that nobody decided, or was not reviewed at all: it is not stored."""

    code = "review_needed"

    def __init__(self, pending: int, message: str = "") -> None:
        super().__init__(message or f"{pending} suggestion(s) are not decided yet")
        self.pending = pending
        #: The spans to decide, for the author who was refused; set by the use case. Offsets and codes, no text.
        self.review: dict[str, object] | None = None


class ReviewStale(Conflict):
    """Decisions were taken about another look at this text: the case or the program has changed since."""

    code = "review_stale"


class SlotTaken(Conflict):
    """Somebody else was faster: the desk is booked for at least a part of that time."""

    code = "slot_taken"


class Clash(Conflict):
    """What stands in the way of an appointment; it can be booked all the same by saying so. `clashes`: codes."""

    code = "clash"

    def __init__(self, clashes: tuple[str, ...]) -> None:
        super().__init__("something stands in the way: look, and book despite it if that is meant")
        self.clashes = clashes


class NotAssignable(Conflict):
    """The coach cannot take this case, or nobody of the region can. `obstacles`: codes, without any reason behind."""

    code = "not_assignable"

    def __init__(self, message: str, obstacles: tuple[str, ...]) -> None:
        super().__init__(message)
        self.obstacles = obstacles


class TooFewCases(Conflict):
    """So few cases are there that drawing one by lot would be choosing it."""

    code = "too_few_cases"


class ConsentMissing(Conflict):
    """Nothing is sent to a partner before the person agreed, nor once that agreement has ended."""

    code = "consent_missing"


class ErasureHeld(Conflict):
    """Something of the case still runs, or its time has not come: it is not erased now. `holds`: codes."""

    code = "erasure_held"

    def __init__(self, holds: tuple[str, ...]) -> None:
        super().__init__(f"not erased now: {', '.join(holds)}")
        self.holds = holds


class ProtocolMissing(Conflict):
    """Nothing flows to another body without a published protocol with it that runs and covers what would leave."""

    code = "protocol_missing"


class Surviving(VaultError):
    """Free text still names a known person after replacement; it is not stored. Carries a count only."""

    code = "identity_survives"

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} known name(s) remain in the text")
        self.count = count


class Erased(VaultError):
    """The keys of this case were destroyed; its records can no longer be opened by anyone."""

    code = "erased"


class CryptoError(VaultError):
    """Base of everything that fails to open or verify. Texts never say which byte was wrong."""

    code = "crypto_error"


class RecordTampered(CryptoError):
    """A sealed record or wrap does not open in the context it stands in."""

    code = "record_tampered"


class EnvelopeRejected(CryptoError):
    """A cross-zone envelope whose signature, sender or context is wrong."""

    code = "envelope_rejected"


class DirectoryRejected(CryptoError):
    """The zone directory is not signed by the pinned offline key, or is older than one already seen."""

    code = "directory_rejected"


class UnsupportedFormat(CryptoError):
    """A format version this program does not know."""

    code = "unsupported_format"


class LogError(VaultError):
    """Base of everything that is wrong with the tree over the audit entries."""

    code = "log_error"


class InvalidProof(LogError):
    """A path that does not lead where it claims."""

    code = "invalid_proof"


class NoteRejected(LogError):
    """A note, checkpoint or key that is malformed, or not signed as it must be."""

    code = "note_rejected"


class LogDamaged(LogError):
    """What is stored is not what was logged: nothing is signed until somebody has looked."""

    code = "log_damaged"


class LogRolledBack(LogError):
    """The database holds a smaller or another tree than one that was signed before: it was restored or replaced."""

    code = "log_rolled_back"


class KeyringError(VaultError):
    """Base of everything that is wrong with a zone's root or keys."""

    code = "keyring_error"


class WrongPassphrase(KeyringError):
    """The passphrase does not open this root."""

    code = "wrong_passphrase"


class KeyringMissing(KeyringError):
    """The root or the zone's keys are not where the settings say."""

    code = "keyring_missing"


class KeyringDamaged(KeyringError):
    """The file is there, but it is not a whole root or key bundle."""

    code = "keyring_damaged"


class GenerationMissing(KeyringError):
    """A wrap stands under a generation of the zone's wrapping key that this keyring does not hold."""

    code = "key_generation_missing"


class RootMissing(KeyringMissing):
    """The token or key service is there, and holds no key of the name that the settings say."""

    code = "root_missing"


class RootRefused(KeyringError):
    """The token does not take the PIN, or the key service does not let this token use the key. Never says either."""

    code = "root_refused"


class RootUnavailable(KeyringError):
    """The token or key service is not there, is sealed, does not answer, or is not vouched for as it must be."""

    code = "root_unavailable"


class RootUnsuitable(KeyringError):
    """A key that may leave its place, or that cannot bind a context: it is no root."""

    code = "root_unsuitable"


class PolicyRejected(VaultError):
    """Rules that cannot be loaded. `faults`: one line each, with file and line number."""

    code = "policy_rejected"

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class StoreError(VaultError):
    """Base of everything that is wrong with a database."""

    code = "store_error"


class StoreBusy(StoreError):
    """Another process serves this store, or too many requests are waiting."""

    code = "store_busy"


class LogBeingFiled(StoreBusy):
    """More entries wait to be made findable than a look can wait for. filed, unfiled: how many are, and are not."""

    code = "log_being_filed"

    def __init__(self, filed: int, unfiled: int) -> None:
        super().__init__(
            f"the log is being filed: {filed} of {filed + unfiled} entries can be searched; ask again in a moment, or "
            "see it through with `parefeu audit file`"
        )
        self.filed, self.unfiled = filed, unfiled


class StoreUnavailable(StoreError):
    """The database is gone or full, or the group's commit failed: nothing of the group is stored."""

    code = "store_unavailable"


class StoreMismatch(StoreError):
    """The schema is not the one this program was written for: run `parefeu db migrate`."""

    code = "store_mismatch"


class ForeignStore(StoreError):
    """The database belongs to another installation than the zone directory, or one has lost what the other holds."""

    code = "foreign_store"


class ErasurePending(StoreError):
    """One of the two databases was put back from before an erasure, or one was cut short: casework erases first."""

    code = "erasure_pending"


class PrintingError(VaultError):
    """Base of what keeps a letter from being drawn on paper. Texts say what to do, never what the letter says."""

    code = "printing_error"


class LetterNotPrintable(PrintingError):
    """A letter that is too long, or that holds a character which no font of letters has."""

    code = "letter_not_printable"


class PrinterUnavailable(PrintingError):
    """No letter can be drawn here and now: fonts or libraries are missing, or too many letters wait."""

    code = "printer_unavailable"


class ConfigurationError(VaultError):
    """Settings that cannot be used, or that production refuses."""

    code = "configuration_error"
