"""Tax, coupons, promotional credits and prepaid wallets."""

from functools import cached_property

from billing.discounts_desk import Discounts
from billing.services.discounts.charge_topup import ChargeTopup
from billing.services.discounts.coupons import CreateCoupon, ListCoupons
from billing.services.discounts.expire_balances import (
    BalanceParticipant,
    ExpireBalances,
    ExpireDueBalances,
)
from billing.services.discounts.grant_credit import GrantCredit
from billing.services.discounts.list_discounts import ListDiscounts
from billing.services.discounts.open_wallet import OpenWallet
from billing.services.discounts.record_topup_payment import RecordTopupPayment
from billing.services.discounts.recur_credit import RecurCredit
from billing.services.discounts.redeem_coupon import RedeemCoupon
from billing.services.discounts.request_charge import RequestTopupCharge
from billing.services.discounts.request_topup import RequestTopup
from billing.services.tax.apply_tax_sheet import ApplyTaxSheet
from billing.services.tax.assign_entity import AssignEntity
from billing.services.tax.exempt_customer import ExemptCustomer
from billing.services.tax.read_billing_profile import ReadBillingProfile
from billing.services.tax.read_tax import ReadTax
from billing.services.tax.save_billing_profile import SaveBillingProfile
from billing.tax_desk import TaxDesk
from billing.topup_jobs import ChargeDueTopups, TopupParticipant
from web.parts.life import LifePart


class TaxPart(LifePart):
    """Use cases: tax, coupons, credits and wallets."""

    @cached_property
    def tax_desk(self) -> TaxDesk:
        return TaxDesk(self.settings.vendor_name)

    @cached_property
    def discounts(self) -> Discounts:
        return Discounts()

    @cached_property
    def apply_tax_sheet(self) -> ApplyTaxSheet:
        return ApplyTaxSheet(self.database, self.clock)

    @cached_property
    def read_tax(self) -> ReadTax:
        return ReadTax(self.staff)

    @cached_property
    def assign_entity(self) -> AssignEntity:
        return AssignEntity(self.work, self.tenant_clock)

    @cached_property
    def save_billing_profile(self) -> SaveBillingProfile:
        return SaveBillingProfile(self.work, self.tenant_clock)

    @cached_property
    def read_billing_profile(self) -> ReadBillingProfile:
        return ReadBillingProfile(self.work)

    @cached_property
    def exempt_customer(self) -> ExemptCustomer:
        return ExemptCustomer(self.work, self.tenant_clock)

    @cached_property
    def create_coupon(self) -> CreateCoupon:
        return CreateCoupon(self.database, self.clock)

    @cached_property
    def list_coupons(self) -> ListCoupons:
        return ListCoupons(self.staff)

    @cached_property
    def redeem_coupon(self) -> RedeemCoupon:
        return RedeemCoupon(self.work, self.tenant_clock)

    @cached_property
    def grant_credit(self) -> GrantCredit:
        return GrantCredit(self.work, self.tenant_clock)

    @cached_property
    def list_discounts(self) -> ListDiscounts:
        return ListDiscounts(self.work, self.tenant_clock)

    @cached_property
    def open_wallet(self) -> OpenWallet:
        return OpenWallet(self.work, self.tenant_clock)

    @cached_property
    def request_topup(self) -> RequestTopup:
        return RequestTopup(self.work, self.tenant_clock, self.settings.vendor_name)

    @cached_property
    def request_topup_charge(self) -> RequestTopupCharge:
        return RequestTopupCharge(self.work, self.tenant_clock, self.payment_providers)

    @cached_property
    def charge_topup(self) -> ChargeTopup:
        providers = self.payment_providers
        return ChargeTopup(self.work, self.tenant_clock, providers, self.record_topup_payment)

    @cached_property
    def charge_due_topups(self) -> ChargeDueTopups:
        return ChargeDueTopups(self.system, self.charge_topup, self.clock)

    @cached_property
    def topup_participant(self) -> TopupParticipant:
        return TopupParticipant(self.work, self.tenant_clock, self.charge_topup)

    @cached_property
    def recur_credit(self) -> RecurCredit:
        return RecurCredit(self.work, self.tenant_clock)

    @cached_property
    def record_topup_payment(self) -> RecordTopupPayment:
        return RecordTopupPayment(self.work, self.tenant_clock, self.tax_desk)

    @cached_property
    def expire_balances(self) -> ExpireBalances:
        return ExpireBalances(self.work, self.tenant_clock)

    @cached_property
    def expire_due_balances(self) -> ExpireDueBalances:
        return ExpireDueBalances(self.system, self.expire_balances, self.clock)

    @cached_property
    def balance_participant(self) -> BalanceParticipant:
        return BalanceParticipant(self.expire_balances)
