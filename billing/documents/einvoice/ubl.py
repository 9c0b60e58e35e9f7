"""E-invoices as UBL 2.1 (ISO/IEC 19845), bound to EN 16931 by CEN/TS 16931-3-2.

The order of elements is the schema's. A credit note is a document of its own here.
"""

from xml.etree.ElementTree import Element

from billing.documents.einvoice.model import (
    DISCOUNT,
    EMAIL_SCHEME,
    NOT_SUBJECT,
    SPECIFICATION,
    Category,
    EInvoice,
    TradeLine,
    TradeParty,
)
from billing.documents.einvoice.xml import Writer, major
from control_plane.kernel.money import Money

_OASIS = "urn:oasis:names:specification:ubl:schema:xsd:"


def ubl(invoice: EInvoice) -> bytes:
    """Write an invoice or a credit note."""
    return _Ubl(invoice).write()


class _Ubl(Writer):
    def __init__(self, invoice: EInvoice) -> None:
        self.noun = "CreditNote" if invoice.is_credit_note else "Invoice"
        self.invoice = invoice
        super().__init__(
            self.noun,
            {
                "": f"{_OASIS}{self.noun}-2",
                "cac": f"{_OASIS}CommonAggregateComponents-2",
                "cbc": f"{_OASIS}CommonBasicComponents-2",
            },
        )

    def write(self) -> bytes:
        self._heading()
        self._parties()
        self._payment()
        self._taxes()
        self._totals()
        for line in self.invoice.lines:
            self._line(line)
        return self.bytes()

    def _heading(self) -> None:
        invoice, root = self.invoice, self.root
        self.add(root, "cbc:CustomizationID", SPECIFICATION)
        self.add(root, "cbc:ID", invoice.number)
        self.add(root, "cbc:IssueDate", invoice.dated.isoformat())
        if invoice.due is not None:
            self.add(root, "cbc:DueDate", invoice.due.isoformat())
        self.add(root, f"cbc:{self.noun}TypeCode", invoice.type_code)
        self.optional(root, "cbc:Note", invoice.note)
        self.add(root, "cbc:DocumentCurrencyCode", invoice.currency)
        period = self.add(root, "cac:InvoicePeriod")
        self.add(period, "cbc:StartDate", invoice.service[0].isoformat())
        self.add(period, "cbc:EndDate", invoice.service[1].isoformat())
        self.optional(root, "cac:OrderReference/cbc:ID", invoice.purchase_order)
        if invoice.corrects is not None:
            number, dated = invoice.corrects
            earlier = self.add(root, "cac:BillingReference/cac:InvoiceDocumentReference")
            self.add(earlier, "cbc:ID", number)
            self.add(earlier, "cbc:IssueDate", dated.isoformat())

    def _parties(self) -> None:
        seller, buyer = self.invoice.seller, self.invoice.buyer
        self._party(self.add(self.root, "cac:AccountingSupplierParty/cac:Party"), seller)
        self._party(self.add(self.root, "cac:AccountingCustomerParty/cac:Party"), buyer)
        address = "cac:Delivery/cac:DeliveryLocation/cac:Address"
        country = f"{address}/cac:Country/cbc:IdentificationCode"
        self.add(self.root, country, self.invoice.buyer.address.country)

    def _party(self, into: Element, party: TradeParty) -> None:
        self.optional(into, "cbc:EndpointID", party.email, schemeID=EMAIL_SCHEME)
        self.optional(into, "cac:PartyIdentification/cbc:ID", party.identifier)
        self.add(into, "cac:PartyName/cbc:Name", party.name)
        self._address(self.add(into, "cac:PostalAddress"), party)
        for number, scheme in ((party.vat_id, "VAT"), (party.tax_number, "TAX")):
            if number and (scheme == "VAT" or party is self.invoice.seller):
                tax = self.add(into, "cac:PartyTaxScheme")
                self.add(tax, "cbc:CompanyID", number)
                self.add(tax, "cac:TaxScheme/cbc:ID", scheme)
        legal = self.add(into, "cac:PartyLegalEntity")
        self.add(legal, "cbc:RegistrationName", party.name)
        self.optional(legal, "cbc:CompanyID", party.legal_id)
        if party.phone or party.email:
            contact = self.add(into, "cac:Contact")
            self.optional(contact, "cbc:Telephone", party.phone)
            self.optional(contact, "cbc:ElectronicMail", party.email)

    def _address(self, into: Element, party: TradeParty) -> None:
        address = party.address
        self.optional(into, "cbc:StreetName", address.line1)
        self.optional(into, "cbc:AdditionalStreetName", address.line2)
        self.optional(into, "cbc:CityName", address.city)
        self.optional(into, "cbc:PostalZone", address.postcode)
        self.optional(into, "cbc:CountrySubentity", address.region)
        self.add(into, "cac:Country/cbc:IdentificationCode", address.country)

    def _payment(self) -> None:
        invoice = self.invoice
        if invoice.account is not None:
            means = self.add(self.root, "cac:PaymentMeans")
            self.add(means, "cbc:PaymentMeansCode", invoice.account.means)
            self.add(means, "cbc:PaymentID", invoice.number)
            account = self.add(means, "cac:PayeeFinancialAccount")
            self.add(account, "cbc:ID", invoice.account.id)
            self.optional(account, "cbc:Name", invoice.account.name)
            self.optional(account, "cac:FinancialInstitutionBranch/cbc:ID", invoice.account.bic)
        self.optional(self.root, "cac:PaymentTerms/cbc:Note", invoice.terms)

    def _taxes(self) -> None:
        total = self.add(self.root, "cac:TaxTotal")
        self._amount(total, "cbc:TaxAmount", self.invoice.totals.tax)
        for tax in self.invoice.taxes:
            group = self.add(total, "cac:TaxSubtotal")
            self._amount(group, "cbc:TaxableAmount", tax.base)
            self._amount(group, "cbc:TaxAmount", tax.tax)
            category = self.add(group, "cac:TaxCategory")
            self._category(category, tax.category, tax.reason_code, tax.reason)

    def _category(
        self, into: Element, category: Category, reason_code: str = "", reason: str = ""
    ) -> None:
        self.add(into, "cbc:ID", category.code)
        if category.code != NOT_SUBJECT:
            self.add(into, "cbc:Percent", category.rate)
        self.optional(into, "cbc:TaxExemptionReasonCode", reason_code)
        self.optional(into, "cbc:TaxExemptionReason", reason)
        self.add(into, "cac:TaxScheme/cbc:ID", "VAT")

    def _totals(self) -> None:
        totals = self.invoice.totals
        into = self.add(self.root, "cac:LegalMonetaryTotal")
        self._amount(into, "cbc:LineExtensionAmount", totals.lines)
        self._amount(into, "cbc:TaxExclusiveAmount", totals.net)
        self._amount(into, "cbc:TaxInclusiveAmount", totals.total)
        if totals.paid.minor:
            self._amount(into, "cbc:PrepaidAmount", totals.paid)
        self._amount(into, "cbc:PayableAmount", totals.due)

    def _line(self, line: TradeLine) -> None:
        into = self.add(self.root, f"cac:{self.noun}Line")
        self.add(into, "cbc:ID", line.id)
        counted = "CreditedQuantity" if self.invoice.is_credit_note else "InvoicedQuantity"
        self.add(into, f"cbc:{counted}", line.quantity, unitCode=line.unit_code)
        self._amount(into, "cbc:LineExtensionAmount", line.net)
        self.optional(into, "cbc:AccountingCost", line.cost_centre)
        period = self.add(into, "cac:InvoicePeriod")
        self.add(period, "cbc:StartDate", line.first_day.isoformat())
        self.add(period, "cbc:EndDate", line.last_day.isoformat())
        for allowance in line.allowances:
            entry = self.add(into, "cac:AllowanceCharge")
            self.add(entry, "cbc:ChargeIndicator", "false")
            self.add(entry, "cbc:AllowanceChargeReasonCode", DISCOUNT)
            self.add(entry, "cbc:AllowanceChargeReason", allowance.reason)
            self._amount(entry, "cbc:Amount", allowance.amount)
        item = self.add(into, "cac:Item")
        self.optional(item, "cbc:Description", line.description)
        self.add(item, "cbc:Name", line.name)
        self.optional(item, "cac:SellersItemIdentification/cbc:ID", line.item)
        self._category(self.add(item, "cac:ClassifiedTaxCategory"), line.category)
        for name, value in line.attributes:
            attribute = self.add(item, "cac:AdditionalItemProperty")
            self.add(attribute, "cbc:Name", name)
            self.add(attribute, "cbc:Value", value)
        price = self.add(into, "cac:Price")
        self._amount(price, "cbc:PriceAmount", line.price)
        self.add(price, "cbc:BaseQuantity", line.quantity, unitCode=line.unit_code)

    def _amount(self, into: Element, name: str, amount: Money) -> None:
        self.add(into, name, major(amount), currencyID=amount.currency.code)
