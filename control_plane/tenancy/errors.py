"""What tenancy refuses, and what to do about it."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class EmailInvalid(TallyardError):
    """A text is not an e-mail address."""

    code = "email_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” is not an e-mail address."
    remedy = "Write it like name@example.com."


class NameInvalid(TallyardError):
    """A name is empty or too long."""

    code = "name_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” cannot be used as a name."
    remedy = "Give 1 to {most} characters without control characters."


class LanguageUnknown(TallyardError):
    """A language Tallyard does not speak."""

    code = "language_unknown"
    kind = ErrorKind.INVALID
    message = "Tallyard does not speak “{value}”."
    remedy = "Choose one of: {known}."


class RoleUnknown(TallyardError):
    """A role that no member can have."""

    code = "role_unknown"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a role."
    remedy = "Choose one of: {known}."


class OrganisationNotFound(TallyardError):
    """No such organisation, or not yours: the answer is the same."""

    code = "organisation_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no such organisation."
    remedy = "Check the identifier, and that you are signed in to the right organisation."


class MemberNotFound(TallyardError):
    """Nobody with this id belongs to the organisation."""

    code = "member_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no such member."
    remedy = "Look the member up in the list of members."


class AlreadyMember(TallyardError):
    """The person belongs to the organisation already."""

    code = "already_member"
    kind = ErrorKind.CONFLICT
    message = "{email} is a member already."
    remedy = "Change the member's role instead."


class InvitationNotFound(TallyardError):
    """The link is unknown, used, revoked, expired, or another person's."""

    code = "invitation_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "This invitation is not valid, or not any longer."
    remedy = "Ask for a new invitation, and accept it with the address it was sent to."


class LastOwner(TallyardError):
    """An organisation always keeps one owner."""

    code = "last_owner"
    kind = ErrorKind.CONFLICT
    message = "An organisation needs at least one owner."
    remedy = "Make another member an owner first."


class OwnersOnly(TallyardError):
    """Only owners make, change or remove owners."""

    code = "owners_only"
    kind = ErrorKind.FORBIDDEN
    message = "Only an owner may grant, change or remove the role of owner."
    remedy = "Ask an owner of the organisation."


class ClockNeedsSandbox(TallyardError):
    """A live organisation lives in real time."""

    code = "clock_needs_sandbox"
    kind = ErrorKind.CONFLICT
    message = "Only a sandbox organisation can have a test clock."
    remedy = "Sign up a sandbox organisation to try things out."


class ClockExists(TallyardError):
    """The organisation has its test clock already."""

    code = "clock_exists"
    kind = ErrorKind.CONFLICT
    message = "This organisation has a test clock already."
    remedy = "Advance the test clock that is there."


class ClockNotFound(TallyardError):
    """The organisation has no test clock."""

    code = "clock_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "This organisation has no test clock."
    remedy = "Create a test clock first."


class ClockAdvancing(TallyardError):
    """The clock is on its way to another instant."""

    code = "clock_advancing"
    kind = ErrorKind.CONFLICT
    message = "The test clock is still on its way to {target}."
    remedy = "Wait until its state is ready."


class ClockCannotGo(TallyardError):
    """A clock moves forward, and not too far at once."""

    code = "clock_cannot_go"
    kind = ErrorKind.INVALID
    message = "The test clock, now at {now}, cannot go to {to}."
    remedy = "Choose an instant after the clock's own and at most {days} days ahead."
