//! Refunds: create, query, abnormal refund, and how they settle.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use super::error::{ApiError, sub_code};
use super::identifiers::{self, api_time};
use super::order::{Order, OrderKey, Payment, TradeState};
use super::prepay::{check_encrypted, check_notify_url, string};
use super::schema::{self, Field, Format, Shape, text};
use super::world::{Call, RefundSettlement, Task, World};

/// Refunds are unique for each merchant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RefundKey {
    pub(super) mchid: String,
    pub(super) out_refund_no: String,
}

/// The status of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundStatus {
    /// Accepted, on its way.
    Processing,
    /// The payer has the money.
    Success,
    /// Ended without effect; the money is the merchant's again.
    Closed,
    /// The money left the merchant, the payer's account refused it.
    Abnormal,
}

impl RefundStatus {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Closed => "CLOSED",
            Self::Abnormal => "ABNORMAL",
        }
    }

    /// Whether the channel moves a refund from `self` to `next`.
    const fn leads_to(self, next: Self) -> bool {
        match (self, next) {
            (Self::Processing, Self::Success | Self::Closed | Self::Abnormal)
            | (Self::Abnormal, Self::Processing | Self::Success | Self::Closed)
            // A bank may bounce the money days later.
            | (Self::Success, Self::Abnormal) => true,
            (Self::Processing, Self::Processing)
            | (Self::Abnormal, Self::Abnormal)
            | (Self::Success, Self::Processing | Self::Success | Self::Closed)
            | (Self::Closed, Self::Processing | Self::Success | Self::Closed | Self::Abnormal) => false,
        }
    }
}

/// One refund.
pub(super) struct Refund {
    pub(super) key: RefundKey,
    pub(super) order: OrderKey,
    pub(super) refund_id: String,
    pub(super) transaction_id: String,
    pub(super) status: RefundStatus,
    pub(super) created_at: OffsetDateTime,
    pub(super) succeeded_at: Option<OffsetDateTime>,
    pub(super) notify_url: Option<String>,
    pub(super) total: i64,
    pub(super) refund: i64,
    pub(super) payer_total: i64,
    pub(super) payer_refund: i64,
    /// How it ends when it settles by itself.
    pub(super) outcome: RefundStatus,
    /// The request without the order's numbers; a repetition must be equal.
    request: Map<String, Value>,
}

const RECEIVED_ACCOUNT: &str = "支付用户零钱";

impl Refund {
    /// The answer of create and query.
    pub(super) fn view(&self) -> Value {
        let from = self.request.get("amount").and_then(|amount| amount.get("from")).cloned();
        let mut view = json!({
            "refund_id": self.refund_id,
            "out_refund_no": self.key.out_refund_no,
            "transaction_id": self.transaction_id,
            "out_trade_no": self.order.out_trade_no,
            "channel": "ORIGINAL",
            "user_received_account": RECEIVED_ACCOUNT,
            "create_time": api_time(self.created_at),
            "status": self.status.code(),
            "funds_account": "AVAILABLE",
            "amount": {
                "total": self.total,
                "refund": self.refund,
                "payer_total": self.payer_total,
                "payer_refund": self.payer_refund,
                "settlement_refund": self.refund,
                "settlement_total": self.total,
                "discount_refund": self.refund - self.payer_refund,
                "currency": "CNY",
                "from": from.unwrap_or_else(|| json!([])),
            },
            "promotion_detail": [],
        });
        self.add_success_time(&mut view);
        view
    }

    /// The plaintext of a refund notification, which names some fields otherwise than the query does.
    pub(super) fn notification(&self) -> Value {
        let mut plaintext = json!({
            "mchid": self.key.mchid,
            "out_trade_no": self.order.out_trade_no,
            "transaction_id": self.transaction_id,
            "out_refund_no": self.key.out_refund_no,
            "refund_id": self.refund_id,
            "refund_status": self.status.code(),
            "user_received_account": RECEIVED_ACCOUNT,
            "amount": {
                "total": self.total,
                "refund": self.refund,
                "payer_total": self.payer_total,
                "payer_refund": self.payer_refund,
            },
        });
        self.add_success_time(&mut plaintext);
        plaintext
    }

    fn add_success_time(&self, document: &mut Value) {
        if let (Some(instant), RefundStatus::Success) = (self.succeeded_at, self.status) {
            super::fault::replace_field(document, "/success_time", &json!(api_time(instant)));
        }
    }
}

const CURRENCY: Shape = Shape::Text { max: 16, format: Format::OneOf(&["CNY"]) };
const FUNDS_ACCOUNT: Shape = Shape::Text { max: 32, format: Format::OneOf(&["AVAILABLE", "UNSETTLED"]) };
const SOURCE_ACCOUNT: Shape = Shape::Text { max: 32, format: Format::OneOf(&["AVAILABLE", "UNAVAILABLE"]) };
const OUT_REFUND_NO: Field =
    Field::required("out_refund_no", "商户退款单号", Shape::Text { max: 64, format: Format::OutRefundNo });

const CREATE_FIELDS: &[Field] = &[
    Field::optional("transaction_id", "微信支付订单号", Shape::Text { max: 32, format: Format::OutTradeNo }),
    Field::optional("out_trade_no", "商户订单号", Shape::Text { max: 32, format: Format::OutTradeNo }),
    OUT_REFUND_NO,
    Field::optional("reason", "退款原因", text(80)),
    Field::optional("notify_url", "退款结果回调url", text(256)),
    Field::optional("funds_account", "退款资金来源", FUNDS_ACCOUNT),
    Field::required(
        "amount",
        "金额信息",
        Shape::Object(&[
            Field::required("refund", "退款金额", Shape::Integer { min: 1 }),
            Field::required("total", "原订单金额", Shape::Integer { min: 1 }),
            Field::required("currency", "退款币种", CURRENCY),
            Field::optional("from", "退款出资账户及金额", Shape::List(&Shape::Object(SOURCE_FIELDS))),
        ]),
    ),
    Field::optional("goods_detail", "退款商品", Shape::List(&Shape::Object(GOODS_FIELDS))),
];

const SOURCE_FIELDS: &[Field] = &[
    Field::required("account", "出资账户类型", SOURCE_ACCOUNT),
    Field::required("amount", "出资金额", Shape::Integer { min: 1 }),
];

const GOODS_FIELDS: &[Field] = &[
    Field::required("merchant_goods_id", "商户侧商品编码", text(32)),
    Field::optional("wechatpay_goods_id", "微信支付商品编码", text(32)),
    Field::optional("goods_name", "商品名称", text(256)),
    Field::required("unit_price", "商品单价", Shape::Integer { min: 0 }),
    Field::required("refund_amount", "商品退款金额", Shape::Integer { min: 0 }),
    Field::required("refund_quantity", "商品退货数量", Shape::Integer { min: 1 }),
];

/// A payment may be refunded for a year, in at most so many parts.
const REFUNDABLE_FOR: Duration = Duration::days(365);
const MOST_REFUNDS: usize = 50;

/// `POST /v3/refund/domestic/refunds`. The number is the idempotency key: the same request again answers the same
/// refund in its present status.
pub(super) fn create(world: &mut World, call: &Call<'_>) -> Result<Value, ApiError> {
    let body = schema::check_body(call.body, CREATE_FIELDS)?;
    if let Some(url) = body.get("notify_url").and_then(Value::as_str) {
        check_notify_url("/body/notify_url", url, call.settings.notify_urls)?;
    }
    let order_key = refunded_order(world, call, &body)?;
    let key =
        RefundKey { mchid: call.mchid.to_owned(), out_refund_no: string(&body, "out_refund_no").to_owned() };
    if let Some(existing) = world.refunds.get(&key) {
        return repeat(existing, &order_key, &body);
    }
    let refund = accept(world, call, key, order_key, body)?;
    let view = refund.view();
    world.refund_of_id.insert(refund.refund_id.clone(), refund.key.clone());
    schedule_settlement(world, call, &refund.key);
    world.refunds.insert(refund.key.clone(), refund);
    Ok(view)
}

/// The order that the body names; the channel's number wins when both are given.
fn refunded_order(world: &World, call: &Call<'_>, body: &Map<String, Value>) -> Result<OrderKey, ApiError> {
    let unknown = || ApiError::resource_not_exists("订单不存在");
    if let Some(id) = body.get("transaction_id").and_then(Value::as_str) {
        return world.paid_order_key(call.mchid, id).ok_or_else(unknown);
    }
    if body.contains_key("out_trade_no") {
        let key =
            OrderKey { mchid: call.mchid.to_owned(), out_trade_no: string(body, "out_trade_no").to_owned() };
        return if world.orders.contains_key(&key) { Ok(key) } else { Err(unknown()) };
    }
    let message = "transaction_id和out_trade_no必须二选一";
    Err(ApiError::parameter("body", "/body/out_trade_no", message, &Value::Null))
}

fn repeat(existing: &Refund, order: &OrderKey, body: &Map<String, Value>) -> Result<Value, ApiError> {
    if existing.order == *order && existing.request == without_order(body.clone()) {
        return Ok(existing.view());
    }
    let mut error = ApiError::invalid_request("订单金额或退款金额与之前请求不一致，请核实后再试");
    error.sub_code = sub_code::REENTRY_MISMATCH;
    Err(error)
}

fn without_order(mut body: Map<String, Value>) -> Map<String, Value> {
    body.remove("transaction_id");
    body.remove("out_trade_no");
    body
}

fn accept(
    world: &mut World,
    call: &Call<'_>,
    key: RefundKey,
    order_key: OrderKey,
    body: Map<String, Value>,
) -> Result<Refund, ApiError> {
    let order = world.orders.get(&order_key).ok_or_else(ApiError::system)?;
    let paid = refundable_payment(order, call)?.clone();
    let (refund, total) = amounts(order, &body)?;
    let payer_refund = payer_share(world, order, &paid, refund);
    let not_enough = |_| {
        ApiError::new(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起", sub_code::ILLEGAL_PARAMETER)
    };
    world.merchant(call.mchid)?.balance.withdraw(refund.unsigned_abs()).map_err(not_enough)?;
    // From here on the refund stands.
    let order = world.orders.get_mut(&order_key).ok_or_else(ApiError::system)?;
    order.refunded_total += refund;
    order.refund_numbers.push(key.out_refund_no.clone());
    Ok(Refund {
        key,
        order: order_key,
        refund_id: identifiers::refund_id(),
        transaction_id: paid.transaction_id,
        status: RefundStatus::Processing,
        created_at: call.now,
        succeeded_at: None,
        notify_url: body.get("notify_url").and_then(Value::as_str).map(str::to_owned),
        total,
        refund,
        payer_total: paid.payer_total,
        payer_refund,
        outcome: call.refund_outcome.unwrap_or(RefundStatus::Success),
        request: without_order(body),
    })
}

fn refundable_payment<'a>(order: &'a Order, call: &Call<'_>) -> Result<&'a Payment, ApiError> {
    let paid = match order.trade_state(call.now, call.settings.expiry_lag) {
        TradeState::Success | TradeState::Refund => order.payment.as_ref(),
        TradeState::NotPay | TradeState::Closed => None,
    };
    let paid = paid.ok_or_else(|| ApiError::invalid_request("订单未支付，不能退款"))?;
    if call.now > paid.succeeded_at + REFUNDABLE_FOR {
        return Err(ApiError::invalid_request("订单已超过可退款的最大期限"));
    }
    if order.refund_numbers.len() >= MOST_REFUNDS {
        return Err(ApiError::invalid_request("订单退款次数超过最大限制"));
    }
    Ok(paid)
}

/// The refund's amount and the order's total, both held against the order.
fn amounts(order: &Order, body: &Map<String, Value>) -> Result<(i64, i64), ApiError> {
    let read =
        |name: &str| body.get("amount").and_then(|a| a.get(name)).and_then(Value::as_i64).unwrap_or_default();
    let (refund, total) = (read("refund"), read("total"));
    if total != order.total {
        return Err(ApiError::invalid_request("订单金额不一致，请检查原订单金额"));
    }
    if refund > order.total - order.refunded_total {
        return Err(ApiError::invalid_request("申请退款金额超过订单可退金额"));
    }
    let sources = body.get("amount").and_then(|a| a.get("from")).and_then(Value::as_array);
    let from: Option<i64> =
        sources.map(|list| list.iter().filter_map(|source| source.get("amount")?.as_i64()).sum());
    if from.is_some_and(|sum| sum != refund) {
        return Err(ApiError::invalid_request("出资金额之和与退款金额不一致"));
    }
    Ok((refund, total))
}

/// The part that the payer gets in money, half a fen rounded up; the last part takes what rounding has left.
fn payer_share(world: &World, order: &Order, paid: &Payment, refund: i64) -> i64 {
    if order.refunded_total + refund == order.total {
        let earlier = order.refund_numbers.iter().filter_map(|number| {
            let key = RefundKey { mchid: order.key.mchid.clone(), out_refund_no: number.clone() };
            world.refunds.get(&key).filter(|r| r.status != RefundStatus::Closed).map(|r| r.payer_refund)
        });
        return paid.payer_total - earlier.sum::<i64>();
    }
    (2 * refund * paid.payer_total + order.total) / (2 * order.total)
}

fn schedule_settlement(world: &mut World, call: &Call<'_>, key: &RefundKey) {
    match call.settings.refund_settlement {
        RefundSettlement::ByControl => {}
        RefundSettlement::After(delay) => {
            world.agenda.insert((call.now + delay, Task::SettleRefund(key.clone())));
        }
    }
}

/// `GET /v3/refund/domestic/refunds/{out_refund_no}`
pub(super) fn query(world: &World, call: &Call<'_>, out_refund_no: &str) -> Result<Value, ApiError> {
    let key = RefundKey { mchid: call.mchid.to_owned(), out_refund_no: out_refund_no.to_owned() };
    let refund = world.refunds.get(&key).ok_or_else(|| ApiError::resource_not_exists("退款单不存在"))?;
    Ok(refund.view())
}

const CARD_BANKS: &[&str] = &[
    "ICBC_DEBIT",
    "ABC_DEBIT",
    "BOC_DEBIT",
    "CCB_DEBIT",
    "CMB_DEBIT",
    "COMM_DEBIT",
    "PSBC_DEBIT",
    "CITIC_DEBIT",
    "CEB_DEBIT",
    "CMBC_DEBIT",
    "PAB_DEBIT",
    "SPDB_DEBIT",
    "CIB_DEBIT",
    "GDB_DEBIT",
    "HXB_DEBIT",
];

const ABNORMAL_FIELDS: &[Field] = &[
    OUT_REFUND_NO,
    Field::required(
        "type",
        "异常退款处理方式",
        Shape::Text { max: 32, format: Format::OneOf(&["USER_BANK_CARD", "MERCHANT_BANK_CARD"]) },
    ),
    Field::optional("bank_type", "开户银行", Shape::Text { max: 16, format: Format::OneOf(CARD_BANKS) }),
    Field::optional("bank_account", "收款银行卡号", text(1024)),
    Field::optional("real_name", "收款用户姓名", text(1024)),
];

/// `POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund`
pub(super) fn apply_abnormal(world: &mut World, call: &Call<'_>, refund_id: &str) -> Result<Value, ApiError> {
    let body = schema::check_body(call.body, ABNORMAL_FIELDS)?;
    check_card(world, call, &body)?;
    let unknown = || ApiError::resource_not_exists("退款单不存在");
    let key =
        world.refund_of_id.get(refund_id).filter(|key| key.mchid == call.mchid).ok_or_else(unknown)?.clone();
    if key.out_refund_no != string(&body, "out_refund_no") {
        return Err(ApiError::invalid_request("refund_id与out_refund_no不匹配"));
    }
    let refund = world.refunds.get_mut(&key).ok_or_else(unknown)?;
    if refund.status != RefundStatus::Abnormal {
        return Err(ApiError::invalid_request("退款单状态不是退款异常，不能发起异常退款"));
    }
    refund.status = RefundStatus::Processing;
    refund.outcome = RefundStatus::Success;
    let view = refund.view();
    schedule_settlement(world, call, &key);
    Ok(view)
}

/// A card of the payer needs its three fields, two of them encrypted; and the request always names a key.
fn check_card(world: &mut World, call: &Call<'_>, body: &Map<String, Value>) -> Result<(), ApiError> {
    if call.key_id.is_none() {
        let message = "HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)";
        return Err(ApiError::parameter("header", "Wechatpay-Serial", message, &Value::Null));
    }
    if string(body, "type") != "USER_BANK_CARD" {
        return Ok(());
    }
    if let Some(name) =
        ["bank_type", "bank_account", "real_name"].into_iter().find(|name| !body.contains_key(*name))
    {
        let pointer = format!("/body/{name}");
        let message = format!("输入源“{pointer}”必填性规则校验失败，此字段为必填项");
        return Err(ApiError::parameter("body", &pointer, message, &Value::Null));
    }
    let merchant = world.merchant(call.mchid)?;
    check_encrypted(merchant, call, "/body/bank_account", string(body, "bank_account"))?;
    check_encrypted(merchant, call, "/body/real_name", string(body, "real_name"))
}

/// A settlement that the channel would never make.
#[derive(Debug)]
pub(super) enum SettlementRefused {
    UnknownRefund,
    Impossible { from: RefundStatus, to: RefundStatus },
}

/// Moves a refund on and notifies the merchant if it gave an address.
pub(super) fn settle(
    world: &mut World,
    key: &RefundKey,
    status: RefundStatus,
    now: OffsetDateTime,
) -> Result<(), SettlementRefused> {
    let refund = world.refunds.get_mut(key).ok_or(SettlementRefused::UnknownRefund)?;
    if !refund.status.leads_to(status) {
        return Err(SettlementRefused::Impossible { from: refund.status, to: status });
    }
    refund.status = status;
    refund.succeeded_at = (status == RefundStatus::Success).then_some(now);
    if status == RefundStatus::Closed {
        let (order, amount) = (refund.order.clone(), refund.refund);
        give_back(world, &order, amount);
    }
    super::notification::announce_refund(world, key, now);
    Ok(())
}

fn give_back(world: &mut World, order: &OrderKey, amount: i64) {
    if let Some(order) = world.orders.get_mut(order) {
        order.refunded_total -= amount;
    }
    if let Some(merchant) = world.merchants.get_mut(&order.mchid) {
        merchant.balance.available += amount.unsigned_abs();
    }
}
