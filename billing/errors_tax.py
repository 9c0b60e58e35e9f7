"""What selling with tax and discounts refuses, and why."""

from billing.field_words import in_words
from control_plane.catalog.errors import FileInvalid
from control_plane.kernel.errors import ErrorKind, TallyardError


class _OfWhat(TallyardError, abstract=True):
    """A refusal over ``what``, a field or a thing, which everybody reads in their own words."""

    def __init__(self, *, what: str, field: str | None = None, **fields: object) -> None:
        super().__init__(field=field, what=in_words(what), **fields)


class EntityNotFound(TallyardError):
    """No legal entity has this code."""

    code = "entity_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no legal entity “{entity}”."
    remedy = "Use one of the entities of `tallyard tax show`."


class EntityNotAllowed(TallyardError):
    """A sandbox would be billed by a real company, or a real customer by a sandbox's."""

    code = "entity_not_allowed"
    kind = ErrorKind.INVALID
    message = "The legal entity “{entity}” cannot bill this organisation."
    remedy = "Choose a sandbox entity for sandboxes, and another for everybody else."


class EntityInUse(_OfWhat):
    """What numbers and documents were made with cannot change."""

    code = "entity_in_use"
    kind = ErrorKind.CONFLICT
    message = "The {what} of the legal entity “{entity}” cannot change: it has issued documents."
    remedy = "Define a legal entity with a new code."


class TaxFileInvalid(FileInvalid):
    """A tax file is wrong."""

    code = "tax_file_invalid"
    message = "The tax file has {count} problem(s), listed by line and column."
    remedy = "Correct the file at the lines listed, and apply it again."


class ExemptionKnown(TallyardError):
    """A certificate was recorded before."""

    code = "exemption_known"
    kind = ErrorKind.CONFLICT
    message = "The certificate “{certificate}” is recorded already."
    remedy = "Revoke the exemption that is recorded, or give the new certificate's number."


class ExemptionInvalid(_OfWhat):
    """A certificate of exemption is not well defined."""

    code = "exemption_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” does not do as the {what} of an exemption."
    remedy = (
        "Codes are E, Z, O and G, an exemption ends after it begins, and texts are short and not "
        "empty. Correct the field; nothing was changed."
    )


class ProfileInvalid(_OfWhat):
    """A field of a billing profile is missing or too long."""

    code = "profile_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a {what} of 1 to {most} characters."
    remedy = "Correct the field; nothing was changed."


class CountryUnknown(TallyardError):
    """A text is not a country's code."""

    code = "country_unknown"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a country's code of ISO 3166, such as CN or DE."
    remedy = "Write the two capital letters."


class CouponNotFound(TallyardError):
    """No coupon has this code, or it can no longer be redeemed."""

    code = "coupon_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "The coupon “{coupon}” cannot be redeemed."
    remedy = "Check the code. Coupons end on a date, or once all of them are taken."


class CouponExists(TallyardError):
    """A coupon of this code was made before."""

    code = "coupon_exists"
    kind = ErrorKind.CONFLICT
    message = "There is a coupon “{coupon}” already."
    remedy = "Choose another code."


class CouponRedeemed(TallyardError):
    """The tenant has redeemed a coupon that each may redeem once."""

    code = "coupon_redeemed"
    kind = ErrorKind.CONFLICT
    message = "The coupon “{coupon}” was redeemed before."
    remedy = "Each organisation can redeem it once."


class DiscountInvalid(_OfWhat):
    """A coupon, a credit or a wallet is not well defined."""

    code = "discount_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” cannot be the {what}."
    remedy = (
        "Amounts are above zero, percentages at most 100, ends lie ahead, names and references "
        "are new. Correct the field; nothing was changed."
    )


class BalanceNotFound(_OfWhat):
    """There is no such credit, wallet or top-up."""

    code = "balance_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no {what} with this id."
    remedy = "List them to see which ones there are."


class BalanceTooSmall(TallyardError):
    """More was asked of a balance than is free."""

    code = "balance_too_small"
    kind = ErrorKind.CONFLICT
    message = "The balance does not hold {asked}."
    remedy = "Ask for at most what is free; read the balance again."


class TopupNotOpen(TallyardError):
    """A top-up was paid or cancelled before."""

    code = "topup_not_open"
    kind = ErrorKind.CONFLICT
    message = "The top-up is {state}."
    remedy = "Request another one."


class TopupAmountDiffers(TallyardError):
    """A payment is not of the amount that was requested."""

    code = "topup_amount_differs"
    kind = ErrorKind.INVALID
    message = "The top-up is over {amount}, not {paid}."
    remedy = "Record a payment of exactly this amount, or request another top-up."


class TopupChargePending(TallyardError):
    """A card payment of the top-up is not decided yet."""

    code = "topup_charge_pending"
    kind = ErrorKind.CONFLICT
    message = "A card payment of this top-up is under way."
    remedy = "Wait until it has succeeded or failed."


class CardMissing(TallyardError):
    """A top-up was to be charged to a card, and none is kept."""

    code = "card_missing"
    kind = ErrorKind.CONFLICT
    message = "No card is kept for this organisation."
    remedy = "Keep a card as payment method, or pay the top-up by bank transfer."


class TaxCategoryNotSold(TallyardError):
    """A wallet's tax category is in no tax table that its money would be taxed by."""

    code = "tax_category_not_sold"
    kind = ErrorKind.INVALID
    message = "“{category}” is not a tax category of the legal entity “{entity}”."
    remedy = "Use one of {known}, or publish its rate with `tallyard tax apply`."


class TopupTaxed(TallyardError):
    """Money that tax was paid with is asked back."""

    code = "topup_taxed"
    kind = ErrorKind.CONFLICT
    message = "Tax of {tax} was charged with what is left of this top-up."
    remedy = "It settles invoices, which deduct that tax; only untaxed balances are paid back."
