"""What fapiao refuse, and why."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class TitleInvalid(TallyardError):
    """A field of the title (开票信息) cannot be printed."""

    code = "fapiao_title_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” cannot stand in the fapiao title."
    remedy = "Give 1 to {most} printable characters."


class TaxpayerNumberInvalid(TallyardError):
    """A taxpayer's number whose check character is wrong."""

    code = "taxpayer_number_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a taxpayer number: its check character does not fit."
    remedy = "Copy the 18 characters of the unified social credit code from the business licence."


class TitleMissing(TallyardError):
    """A fapiao was asked for before anybody said to whom."""

    code = "fapiao_title_missing"
    kind = ErrorKind.CONFLICT
    message = "There is no fapiao title yet."
    remedy = "Fill in the title first: its name, and a company's taxpayer number."


class TitleIncomplete(TallyardError):
    """A special fapiao needs every field of a company's title."""

    code = "fapiao_title_incomplete"
    kind = ErrorKind.CONFLICT
    message = "A special VAT fapiao needs more of the title: {missing}."
    remedy = "Complete the title, or ask for a normal fapiao."


class FapiaoNotFound(TallyardError):
    """The tenant has no fapiao of that id."""

    code = "fapiao_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no fapiao {fapiao_id}."
    remedy = "Check the id; the list of fapiao shows what there is."


class FapiaoInvoicesInvalid(TallyardError):
    """No invoice was named, or too many, or one of them twice."""

    code = "fapiao_invoices_invalid"
    kind = ErrorKind.INVALID
    message = "A fapiao cannot be made of {count} invoices."
    remedy = "Name 1 to {most} different invoices."


class FapiaoNeedsCny(TallyardError):
    """An invoice in another currency than CNY."""

    code = "fapiao_needs_cny"
    kind = ErrorKind.CONFLICT
    message = "The invoice {number} is in {currency}; a fapiao is in CNY."
    remedy = "Choose invoices in CNY."


class FapiaoNeedsOneSeller(TallyardError):
    """Invoices of several legal entities in one fapiao."""

    code = "fapiao_needs_one_seller"
    kind = ErrorKind.CONFLICT
    message = "The invoices {numbers} have different sellers."
    remedy = "Ask for one fapiao for each seller."


class FapiaoNeedsTax(TallyardError):
    """An invoice states no tax, so that no rate could stand on a fapiao."""

    code = "fapiao_needs_tax"
    kind = ErrorKind.CONFLICT
    message = "The invoice {number} states no VAT, so no fapiao can be made of it."
    remedy = "Ask the seller; invoices issued once its VAT is set up can have a fapiao."


class FapiaoNothingLeft(TallyardError):
    """An invoice has nothing that a fapiao could still be made of."""

    code = "fapiao_nothing_left"
    kind = ErrorKind.CONFLICT
    message = "Nothing of the invoice {number} is left for a fapiao."
    remedy = "It was credited, paid from a prepaid card, or is over nothing; choose another."


class FapiaoAlreadyAsked(TallyardError):
    """An invoice whose amount a fapiao was asked for before."""

    code = "fapiao_already_asked"
    kind = ErrorKind.CONFLICT
    message = "There is a fapiao for the invoice {number} already."
    remedy = "Download that one; a wrong one is reversed by a red fapiao first."


class FapiaoKindRefused(TallyardError):
    """A special fapiao over something that only a normal one may cover."""

    code = "fapiao_kind_refused"
    kind = ErrorKind.CONFLICT
    message = "No special VAT fapiao can be made of the invoice {number}."
    remedy = "Ask for a normal fapiao."


class FapiaoStateRefused(TallyardError):
    """A fapiao is not in a state in which that can be done."""

    code = "fapiao_state_refused"
    kind = ErrorKind.CONFLICT
    message = "The fapiao {fapiao_id} is {state}; that cannot be done now."
    remedy = "Look at its state again."


class FapiaoNumberInvalid(TallyardError):
    """A number that no fapiao of the tax platform has."""

    code = "fapiao_number_invalid"
    kind = ErrorKind.INVALID
    message = "“{number}” is not the number of a digital fapiao."
    remedy = "Copy its 20 digits from the tax platform."


class FapiaoNumberUsed(TallyardError):
    """A number that stands on another fapiao."""

    code = "fapiao_number_used"
    kind = ErrorKind.CONFLICT
    message = "The number {number} stands on another fapiao."
    remedy = "Check the number on the tax platform."


class FapiaoFileUnavailable(TallyardError):
    """The platform has no file of that form."""

    code = "fapiao_file_unavailable"
    kind = ErrorKind.CONFLICT
    message = "There is no {form} file of this fapiao."
    remedy = "Download it from the tax platform, or in another form."


class FapiaoPlatformUnavailable(TallyardError):
    """The platform did not answer, so the outcome is not known yet."""

    code = "fapiao_platform_unavailable"
    kind = ErrorKind.UNAVAILABLE
    message = "The fapiao platform {provider} did not answer: {reason}."
    remedy = "Nothing is issued twice; it is tried again by itself."


class OnlyInSandbox(TallyardError):
    """The buyer's part is played in a sandbox only."""

    code = "fapiao_buyer_is_real"
    kind = ErrorKind.CONFLICT
    message = "The buyer decides on the tax platform; only a sandbox plays the buyer here."
    remedy = "Confirm or refuse the red confirmation sheet on the tax platform."
