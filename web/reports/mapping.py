"""A mapping to begin with: the accounts of a small company in China."""

EXAMPLE = """\
word: 记
grouping: day
encoding: utf-8-sig
accounts:
  cash: {code: "1002", name: 银行存款}
  receivable: {code: "1122", name: 应收账款, dimensions: [customer]}
  deferred_revenue: {code: "2205", name: 合同负债}
  tax_payable: {code: "22210106", name: 应交税费-应交增值税(销项税额)}
  prepaid_liability: {code: "2203", name: 预收账款, dimensions: [customer]}
  customer_credit: {code: "220302", name: 预收账款-客户余额, dimensions: [customer]}
  refunds: {code: "2241", name: 其他应付款-应退款}
  revenue_fees: {code: "600101", name: 主营业务收入-订阅费}
  revenue_usage: {code: "600102", name: 主营业务收入-用量费}
  revenue_addons: {code: "600103", name: 主营业务收入-增购包}
  revenue_commitments: {code: "600104", name: 主营业务收入-承诺消费}
  revenue_prepaid: {code: "6301", name: 营业外收入-过期余额}
  write_offs: {code: "6701", name: 信用减值损失-坏账}
"""
