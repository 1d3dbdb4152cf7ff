//! Making an order known: the rules by which an order number may be used again, and the QR code of a precreate call.

use serde_json::{Map, Value, json};
use time::Duration;

use super::failure::Failure;
use super::identifiers;
use super::operation::Product;
use super::order::{Order, OrderKey, QrCode, TradeStatus};
use super::request::{self, OrderRequest};
use super::world::{Call, World};

/// No QR code lives longer.
const QR_LIFE: Duration = Duration::hours(2);

/// What stands before the code in a QR code.
pub(super) const QR_ADDRESS: &str = "https://qr.alipay.com/";

/// `alipay.trade.precreate`: a QR code, and no trade.
pub(super) fn precreate(world: &mut World, call: &Call<'_>) -> Result<Map<String, Value>, Failure> {
    let request = request::order(call.content, Product::Precreate, call.now)?;
    let life = call.now + QR_LIFE;
    let expires_at = request.qr_timeout.map_or(life, |timeout| timeout.ends_at(call.now).min(life));
    let key = place(world, call, Product::Precreate, request)?;
    let code = identifiers::qr_code();
    world.order_of_code.insert(code.clone(), key.clone());
    if let Some(order) = world.orders.get_mut(&key) {
        order.qr_codes.push(QrCode { code: code.clone(), expires_at });
    }
    let mut fields = Map::new();
    fields.insert("out_trade_no".to_owned(), json!(key.out_trade_no));
    fields.insert("qr_code".to_owned(), json!(format!("{QR_ADDRESS}{code}")));
    Ok(fields)
}

/// Remembers the order of a request, or finds the one that it repeats.
pub(super) fn place(
    world: &mut World,
    call: &Call<'_>,
    product: Product,
    request: OrderRequest,
) -> Result<OrderKey, Failure> {
    check_time_to_pay(call, &request)?;
    let merchant = world.merchants.get(call.app_id).ok_or_else(Failure::system)?;
    let seller_id = request.seller_id.clone().unwrap_or_else(|| merchant.seller_id.clone());
    if seller_id != merchant.seller_id {
        return Err(Failure::business("SELLER_NOT_EXIST", "卖家不存在"));
    }
    let key = OrderKey { app_id: call.app_id.to_owned(), out_trade_no: request.out_trade_no.clone() };
    if let Some(order) = world.orders.get_mut(&key) {
        continue_order(order, call, product, &request)?;
        return Ok(key);
    }
    let order = new_order(key.clone(), call, product, request, seller_id);
    world.order_of_code.insert(order.cashier_token.clone(), key.clone());
    world.orders.insert(key.clone(), order);
    Ok(key)
}

fn check_time_to_pay(call: &Call<'_>, request: &OrderRequest) -> Result<(), Failure> {
    let Some(longest) = call.settings.environment.longest_time_to_pay() else { return Ok(()) };
    let ends = [request.timeout.map(|timeout| timeout.ends_at(call.now)), request.time_expire];
    if ends.into_iter().flatten().any(|end| end > call.now + longest) {
        return Err(Failure::parameters(&["timeout_express must be at most 15h in the sandbox".to_owned()]));
    }
    Ok(())
}

/// A repeated number goes on with the same order as long as nothing that matters has changed.
fn continue_order(
    order: &mut Order,
    call: &Call<'_>,
    product: Product,
    request: &OrderRequest,
) -> Result<(), Failure> {
    match order.status(call.now, call.settings.expiry_lag) {
        Some(TradeStatus::Success | TradeStatus::Finished) => return Err(Failure::already_paid()),
        Some(TradeStatus::Closed) => return Err(Failure::already_closed()),
        Some(TradeStatus::WaitBuyerPay) | None => {}
    }
    if order.product != product || order.total != request.total || order.subject != request.subject {
        return Err(Failure::business("CONTEXT_INCONSISTENT", "交易信息被篡改"));
    }
    order.time_expire = request.time_expire.or(order.time_expire);
    order.notify_url = call.notify_url.map(str::to_owned).or(order.notify_url.take());
    order.return_url = call.return_url.map(str::to_owned).or(order.return_url.take());
    Ok(())
}

fn new_order(
    key: OrderKey,
    call: &Call<'_>,
    product: Product,
    request: OrderRequest,
    seller_id: String,
) -> Order {
    Order {
        key,
        product,
        seller_id,
        total: request.total,
        subject: request.subject,
        body: request.body,
        passback_params: request.passback_params,
        notify_url: call.notify_url.map(str::to_owned),
        return_url: call.return_url.map(str::to_owned),
        quit_url: request.quit_url,
        requested_at: call.now,
        time_expire: request.time_expire,
        timeout: request.timeout,
        qr_codes: Vec::new(),
        cashier_token: identifiers::cashier_token(),
        trade: None,
        failed_tries: 0,
    }
}
