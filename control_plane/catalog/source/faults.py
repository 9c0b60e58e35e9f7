"""Everything that can be wrong with a catalogue file, in words."""

from dataclasses import dataclass
from enum import Enum


class Fault(Enum):
    """One way to be wrong. The value is the English text, and the msgid of its translations."""

    SYNTAX = "This is not valid YAML: {reason}."
    ALIAS = "Anchors and aliases are not read. Write the value out."
    TOO_LARGE = "The file is longer than {most} characters."
    TOO_DEEP = "Lists and mappings are nested deeper than {most} levels here."
    EMPTY = "The file is empty. Write at least modules, features and plans."
    NOT_A_MAPPING = "Expected keys and values here."
    NOT_A_LIST = "Expected a list here."
    EMPTY_LIST = "This list must not be empty."
    NOT_A_TEXT = "“{value}” is not a text. Put it in quotes."
    NOT_A_CODE = "“{value}” is not a code. Use lower-case letters, digits and underscores."
    NOT_A_NUMBER = "“{value}” is not a decimal number such as 0.05."
    NOT_A_BOOLEAN = "“{value}” is neither true nor false."
    NOT_A_LOCAL_TIME = "“{value}” is not a local time such as 2026-09-01T00:00."
    UNKNOWN_KEY = "“{value}” is not a key that is known here. Known are {known}."
    DUPLICATE_KEY = "“{value}” appears twice here."
    MISSING_KEY = "“{value}” is missing here."
    MISSING_TRANSLATION = "The text in “{value}” is missing. Every name is in en and zh."
    DUPLICATE_CODE = "“{value}” is defined twice; the first is on line {first}."
    UNKNOWN_CHOICE = "“{value}” is not one of {known}."
    UNKNOWN_MODULE = "There is no module “{value}”."
    UNKNOWN_METER = "There is no meter “{value}”."
    UNKNOWN_FEATURE = "There is no feature “{value}”."
    UNKNOWN_SEASON = "There is no season “{value}”. Known are {known}."
    UNKNOWN_CURRENCY = "“{value}” is not a currency that Tallyard bills in."
    UNKNOWN_ZONE = "“{value}” is not a time zone of the IANA database."
    BUILT_IN_SEASON = "The season “{value}” is built in and cannot be defined again."
    BAD_WINDOW = "A window must end after it starts."
    WINDOWS_OVERLAP = "Windows must be in order and must not overlap."
    NEGATIVE = "“{value}” is negative."
    TOO_FINE = "“{value}” is finer than the smallest unit of {currency}."
    TOO_LONG = "“{value}” has more than {whole} digits before or {decimals} after the point."
    LAST_TIER_CLOSED = "The last tier must be open: leave out its up_to."
    TIER_AFTER_OPEN = "Only the last tier may be open: give this one an up_to."
    TIERS_NOT_INCREASING = "up_to {value} is not above the {before} of the tier before."
    TIER_AT_ZERO = "The first up_to must be above zero."
    DUPLICATE_PRICE = "A price in {currency} per {interval} is listed twice."
    DUPLICATE_ENTRY = "“{value}” is listed twice."
    METER_NOT_SOLD = "The meter “{value}” belongs to {module}, which is not listed here."
    FEATURE_NOT_SOLD = "The feature “{value}” belongs to {module}, which is not listed here."
    LIMIT_MISSING = "The plan holds {module} but does not say its “{value}”."
    MODULE_FEATURE_IMPLIED = "“{value}” comes with its module. Leave it out."
    MODULE_WITHOUT_FEATURE = "The module “{value}” needs a boolean feature of the same code."
    GRANT_NOT_TRUE = "“{value}” is a yes-or-no feature: grant it with true."
    MEANING_CHANGED = "“{value}” has been published and cannot change its {what}. Use a new code."
    DEFINITION_REMOVED = "The {what} “{value}” has been published and must stay in the file."
    NOT_AN_INSTANT = "“{value}” is not a time such as 2026-01-10T10:00 or 2026-01-10T02:00:00Z."
    NOT_A_DAY = "“{value}” is not a day such as 2026-01-10."
    NOT_WHOLE = "“{value}” is not a whole number of at least 1."
    UNKNOWN_PLAN = "There is no plan “{value}”."
    UNKNOWN_ADDON = "There is no add-on “{value}”."
    UNKNOWN_BOOKING = "There is no booking “{value}” before this."
    NO_SUCH_PRICE = "“{value}” has no price in {currency} per {interval}."
    REFUSED = "This cannot be: {reason}"
    TOO_MANY_EVENTS = "The usage comes to more than {most} events."
    EVENT_UNUSABLE = "This event cannot be used ({reason})."
    NOT_A_COUNTRY = "“{value}” is not a country's code of ISO 3166, such as CN or DE."
    NOT_A_TAX_NUMBER = "“{value}” is not a tax number of {country}."
    NOT_A_PREFIX = "“{value}” is not 2 to 8 capital letters and digits."
    NOT_A_GOODS_CODE = "“{value}” is not a tax classification code of 19 digits."
    RATE_WITHOUT_TAX = "A rate above zero needs the code S, not “{value}”."
    TAX_WITHOUT_COUNTRY = "An entity that charges tax needs a country."
    ONE_OF = "Give exactly one of {known} here."
    NOT_WITHIN = "“{value}” is not a whole number from {least} to {most}."
    NOT_A_PERCENTAGE = "“{value}” is not a percentage from 0 to 100."
    NOT_ABOVE_ZERO = "“{value}” must be above zero."
    MAXIMUM_BELOW_MINIMUM = "The maximum {value} is below the minimum {least}."
    HOLDING_ABOVE_FEE = "The holding fee {value} is above the fee {most}."
    CAPACITY_NEEDS_MAX = "“{value}” does not measure a peak: its aggregation must be max."
    METER_WITHOUT_MONEY = "“{value}” measures no money: give it a property or an amount_property."
    ALLOWANCE_TOO_SHORT = "An allowance spans several of {interval}; {value} is no multiple of it."
    STEPS_NOT_FALLING = "Steps run from the longest lead to the shortest: {value} follows {before}."
    EARLY_PRICE_MISSING = "The step has no price in {currency}, and the add-on has one."
    EARLY_PRICE_UNKNOWN = "The add-on has no price in {currency}."
    TOO_MANY = "More than {most} are listed here."
    NAME_TOO_LONG = "“{value}” has more than {most} characters."
    PROPERTY_ADDED_UP = "“{value}” is what the meter adds up, so it cannot be a boolean."
    PROPERTY_TYPES_DIFFER = "“{value}” is a {type} by the meter {other}, of the same events."
    KEY_OF_OTHER_KIND = "“{value}” does not belong to the kind {kind}."
    NOT_WHOLE_UNITS = "“{value}” is not a whole number."
    NOT_DAYS = "“{value}” is not a number of days from {least} to {most}, such as P14D."
    LADDER_TOO_STEEP = "“{value}” can come after {days} days at the earliest: it is announced."
    LADDER_ENDED = "“{value}” cannot follow a step that never comes."
    DIMENSION_MISSING = "The cell does not say its “{value}”."


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault at its place; ``line`` and ``column`` count from 1.

    ``path`` says where in the document, such as ``plans[0].prices[1].currency``.
    """

    line: int
    column: int
    path: str
    message: str
    """The English text, its placeholders filled."""
    code: str
    """The fault's name in lower case."""
    fields: tuple[tuple[str, str], ...]
    """What fills the placeholders, for a translation."""

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}"
        return f"{place} {self.path}: {self.message}" if self.path else f"{place} {self.message}"


def describe(fault: Fault, line: int, column: int, path: str, **fields: object) -> Problem:
    """Return a fault at a place, with what was found there."""
    texts = {name: str(value) for name, value in fields.items()}
    return Problem(
        line=line,
        column=column,
        path=path,
        message=fault.value.format(**texts),
        code=fault.name.lower(),
        fields=tuple(texts.items()),
    )
