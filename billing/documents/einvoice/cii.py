"""E-invoices as UN/CEFACT Cross Industry Invoice, bound to EN 16931 by CEN/TS 16931-3-3.

The order of elements is the schema's (D16B and later). This is also what ZUGFeRD and Factur-X
embed in a PDF, under their profile EN 16931.
"""

from datetime import date
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
from billing.documents.einvoice.xml import Writer, basic_date, major

_UNECE = "urn:un:unece:uncefact:data:standard:"


def cii(invoice: EInvoice) -> bytes:
    """Write an invoice or a credit note; they differ in their type code."""
    return _Cii(invoice).write()


class _Cii(Writer):
    def __init__(self, invoice: EInvoice) -> None:
        self.invoice = invoice
        super().__init__(
            "rsm:CrossIndustryInvoice",
            {
                "rsm": f"{_UNECE}CrossIndustryInvoice:100",
                "ram": f"{_UNECE}ReusableAggregateBusinessInformationEntity:100",
                "udt": f"{_UNECE}UnqualifiedDataType:100",
                "qdt": f"{_UNECE}QualifiedDataType:100",
            },
        )

    def write(self) -> bytes:
        guideline = "rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter"
        self.add(self.root, f"{guideline}/ram:ID", SPECIFICATION)
        document = self.add(self.root, "rsm:ExchangedDocument")
        self.add(document, "ram:ID", self.invoice.number)
        self.add(document, "ram:TypeCode", self.invoice.type_code)
        self._day(document, "ram:IssueDateTime", self.invoice.dated)
        self.optional(document, "ram:IncludedNote/ram:Content", self.invoice.note)
        trade = self.add(self.root, "rsm:SupplyChainTradeTransaction")
        for line in self.invoice.lines:
            self._line(self.add(trade, "ram:IncludedSupplyChainTradeLineItem"), line)
        self._agreement(self.add(trade, "ram:ApplicableHeaderTradeAgreement"))
        self._delivery(self.add(trade, "ram:ApplicableHeaderTradeDelivery"))
        self._settlement(self.add(trade, "ram:ApplicableHeaderTradeSettlement"))
        return self.bytes()

    def _agreement(self, into: Element) -> None:
        self._party(self.add(into, "ram:SellerTradeParty"), self.invoice.seller)
        self._party(self.add(into, "ram:BuyerTradeParty"), self.invoice.buyer)
        order = "ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID"
        self.optional(into, order, self.invoice.purchase_order)

    def _delivery(self, into: Element) -> None:
        country = "ram:ShipToTradeParty/ram:PostalTradeAddress/ram:CountryID"
        self.add(into, country, self.invoice.buyer.address.country)

    def _party(self, into: Element, party: TradeParty) -> None:
        self.optional(into, "ram:ID", party.identifier)
        self.add(into, "ram:Name", party.name)
        self.optional(into, "ram:SpecifiedLegalOrganization/ram:ID", party.legal_id)
        if party.phone or party.email:
            contact = self.add(into, "ram:DefinedTradeContact")
            phone = "ram:TelephoneUniversalCommunication/ram:CompleteNumber"
            self.optional(contact, phone, party.phone)
            self.optional(contact, "ram:EmailURIUniversalCommunication/ram:URIID", party.email)
        address = self.add(into, "ram:PostalTradeAddress")
        self.optional(address, "ram:PostcodeCode", party.address.postcode)
        self.optional(address, "ram:LineOne", party.address.line1)
        self.optional(address, "ram:LineTwo", party.address.line2)
        self.optional(address, "ram:CityName", party.address.city)
        self.add(address, "ram:CountryID", party.address.country)
        self.optional(address, "ram:CountrySubDivisionName", party.address.region)
        uri = "ram:URIUniversalCommunication/ram:URIID"
        self.optional(into, uri, party.email, schemeID=EMAIL_SCHEME)
        for number, scheme in ((party.vat_id, "VA"), (party.tax_number, "FC")):
            if number and (scheme == "VA" or party is self.invoice.seller):
                self.add(into, "ram:SpecifiedTaxRegistration/ram:ID", number, schemeID=scheme)

    def _settlement(self, into: Element) -> None:
        invoice = self.invoice
        if invoice.account is not None:
            self.add(into, "ram:PaymentReference", invoice.number)
        self.add(into, "ram:InvoiceCurrencyCode", invoice.currency)
        self._account(into)
        for tax in invoice.taxes:
            group = self.add(into, "ram:ApplicableTradeTax")
            self.add(group, "ram:CalculatedAmount", major(tax.tax))
            self.add(group, "ram:TypeCode", "VAT")
            self.optional(group, "ram:ExemptionReason", tax.reason)
            self.add(group, "ram:BasisAmount", major(tax.base))
            self.add(group, "ram:CategoryCode", tax.category.code)
            self.optional(group, "ram:ExemptionReasonCode", tax.reason_code)
            self._rate(group, tax.category)
        self._period(into, *invoice.service)
        self._terms(into)
        self._totals(into)
        if invoice.corrects is not None:
            number, dated = invoice.corrects
            earlier = self.add(into, "ram:InvoiceReferencedDocument")
            self.add(earlier, "ram:IssuerAssignedID", number)
            self._day(earlier, "ram:FormattedIssueDateTime", dated, prefix="qdt")

    def _account(self, into: Element) -> None:
        account = self.invoice.account
        if account is None:
            return
        means = self.add(into, "ram:SpecifiedTradeSettlementPaymentMeans")
        self.add(means, "ram:TypeCode", account.means)
        payee = self.add(means, "ram:PayeePartyCreditorFinancialAccount")
        is_iban = account.id[:2].isalpha()
        self.add(payee, "ram:IBANID" if is_iban else "ram:ProprietaryID", account.id)
        if account.name:
            name = Element("ram:AccountName")
            name.text = account.name
            payee.insert(1 if is_iban else 0, name)
        bic = "ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID"
        self.optional(means, bic, account.bic)

    def _terms(self, into: Element) -> None:
        invoice = self.invoice
        if invoice.due is None and not invoice.terms:
            return
        terms = self.add(into, "ram:SpecifiedTradePaymentTerms")
        self.optional(terms, "ram:Description", invoice.terms)
        if invoice.due is not None:
            self._day(terms, "ram:DueDateDateTime", invoice.due)

    def _totals(self, into: Element) -> None:
        totals = self.invoice.totals
        sums = self.add(into, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
        self.add(sums, "ram:LineTotalAmount", major(totals.lines))
        self.add(sums, "ram:TaxBasisTotalAmount", major(totals.net))
        tax = self.add(sums, "ram:TaxTotalAmount", major(totals.tax))
        tax.set("currencyID", self.invoice.currency)
        self.add(sums, "ram:GrandTotalAmount", major(totals.total))
        if totals.paid.minor:
            self.add(sums, "ram:TotalPrepaidAmount", major(totals.paid))
        self.add(sums, "ram:DuePayableAmount", major(totals.due))

    def _line(self, into: Element, line: TradeLine) -> None:
        self.add(into, "ram:AssociatedDocumentLineDocument/ram:LineID", line.id)
        product = self.add(into, "ram:SpecifiedTradeProduct")
        self.optional(product, "ram:SellerAssignedID", line.item)
        self.add(product, "ram:Name", line.name)
        self.optional(product, "ram:Description", line.description)
        for name, value in line.attributes:
            attribute = self.add(product, "ram:ApplicableProductCharacteristic")
            self.add(attribute, "ram:Description", name)
            self.add(attribute, "ram:Value", value)
        price = self.add(into, "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice")
        self.add(price, "ram:ChargeAmount", major(line.price))
        self.add(price, "ram:BasisQuantity", line.quantity, unitCode=line.unit_code)
        delivered = "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity"
        self.add(into, delivered, line.quantity, unitCode=line.unit_code)
        self._line_settlement(self.add(into, "ram:SpecifiedLineTradeSettlement"), line)

    def _line_settlement(self, into: Element, line: TradeLine) -> None:
        tax = self.add(into, "ram:ApplicableTradeTax")
        self.add(tax, "ram:TypeCode", "VAT")
        self.add(tax, "ram:CategoryCode", line.category.code)
        self._rate(tax, line.category)
        self._period(into, line.first_day, line.last_day)
        for allowance in line.allowances:
            entry = self.add(into, "ram:SpecifiedTradeAllowanceCharge")
            self.add(entry, "ram:ChargeIndicator/udt:Indicator", "false")
            self.add(entry, "ram:ActualAmount", major(allowance.amount))
            self.add(entry, "ram:ReasonCode", DISCOUNT)
            self.add(entry, "ram:Reason", allowance.reason)
        sums = "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
        self.add(into, sums, major(line.net))
        cost = "ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID"
        self.optional(into, cost, line.cost_centre)

    def _rate(self, into: Element, category: Category) -> None:
        if category.code != NOT_SUBJECT:
            self.add(into, "ram:RateApplicablePercent", category.rate)

    def _period(self, into: Element, first: date, last: date) -> None:
        period = self.add(into, "ram:BillingSpecifiedPeriod")
        self._day(period, "ram:StartDateTime", first)
        self._day(period, "ram:EndDateTime", last)

    def _day(self, into: Element, name: str, day: date, prefix: str = "udt") -> None:
        self.add(into, f"{name}/{prefix}:DateTimeString", basic_date(day), format="102")
