"""Why an event's data is not what its meter asks for."""

from metering.errors import EventRefused


class SchemaBroken(EventRefused, abstract=True):
    """A property is not what a meter's schema says.

    ``fields`` hold the ``property``, its ``value`` as text (None: there is none), and the
    ``known`` values or the one type that is taken.
    """


class RequiredPropertyMissing(SchemaBroken):
    """A property that the meter requires is not there."""

    code = "required_property_missing"
    message = "The meter “{meter}” requires “{property}”, which the event's data does not hold."
    remedy = "Add “{property}” to the data. What is taken: {allowed}."


class PropertyTypeWrong(SchemaBroken):
    """A property holds a value of another type."""

    code = "property_type_wrong"
    message = "“{property}” is {value}; the meter “{meter}” takes a {allowed}."
    remedy = "Send “{property}” as a {allowed}."


class PropertyValueNotAllowed(SchemaBroken):
    """A property holds a value that is not among those that the meter takes."""

    code = "property_value_not_allowed"
    message = "“{property}” is “{value}”, which the meter “{meter}” does not take."
    remedy = "Send one of: {allowed}."
