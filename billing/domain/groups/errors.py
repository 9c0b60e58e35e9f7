"""What groups refuse, and why."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class GroupCodeInvalid(TallyardError):
    """A text is not the group code of an organisation, or is too old."""

    code = "group_code_invalid"
    kind = ErrorKind.INVALID
    message = "This is not a group code, or it is older than 14 days."
    remedy = "Ask the parent organisation for a fresh one, and paste all of it."


class GroupOfItself(TallyardError):
    """An organisation's own code, or one of a sandbox in a live organisation."""

    code = "group_not_possible"
    kind = ErrorKind.CONFLICT
    message = "{child} cannot be a member of the group of {parent}."
    remedy = "Use the code of another organisation; sandboxes group with sandboxes only."


class AlreadyInGroup(TallyardError):
    """The organisation has a parent, has asked one, or has children of its own."""

    code = "already_in_group"
    kind = ErrorKind.CONFLICT
    message = "{name} already belongs to a group, or leads one."
    remedy = "End that membership first; a group has one level."


class MembershipNotFound(TallyardError):
    """Neither of one's own memberships nor of one's group has that id."""

    code = "membership_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no membership {membership_id}."
    remedy = "Look at the group again."


class MembershipStateRefused(TallyardError):
    """A membership was answered or ended before, or is another's to answer."""

    code = "membership_state_refused"
    kind = ErrorKind.CONFLICT
    message = "This membership is {state}; that cannot be done now, or not by you."
    remedy = "The parent answers a request; either side may end a membership."


class ConsolidatedInvoiceNotFound(TallyardError):
    """The tenant has no consolidated invoice of that id."""

    code = "consolidated_invoice_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no consolidated invoice {consolidated_id}."
    remedy = "Check the id; the group's page lists them."


class ConsolidatedAmountMismatch(TallyardError):
    """A payment of a consolidated invoice is of more than it asks for, or of nothing."""

    code = "consolidated_amount_mismatch"
    kind = ErrorKind.INVALID
    message = "The consolidated invoice {number} asks for {open}; the payment is {paid}."
    remedy = "Record at most what it asks for, in its currency; what is beyond has to be returned."


class ConsolidatedAlreadyPaid(TallyardError):
    """Nothing of a consolidated invoice is left to be paid."""

    code = "consolidated_already_paid"
    kind = ErrorKind.CONFLICT
    message = "Nothing of the consolidated invoice {number} is left to be paid."
    remedy = "Check the bank statement; a second transfer has to be returned."


class CostCentrePropertyInvalid(TallyardError):
    """A text cannot be the name of an event's property."""

    code = "cost_centre_property_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” cannot be the property that names a cost centre."
    remedy = "Give the name of a member of the events' data, 1 to {most} characters."


class CostCentreInvalid(TallyardError):
    """A text cannot be the name of a cost centre."""

    code = "cost_centre_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” cannot be the name of a cost centre."
    remedy = "Give at most {most} printable characters, or none to take it away."


class PurchaseOrderInvalid(TallyardError):
    """A text cannot be printed as a purchase-order number."""

    code = "purchase_order_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” cannot be a purchase-order number."
    remedy = "Give at most {most} printable characters, or none to take it away."
