//! Prepay for the four products: field tables, re-entry rules, and what is handed out.

use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use url::{Host, Url};

use super::error::{ApiError, sub_code};
use super::identifiers;
use super::merchant::Merchant;
use super::operation::Product;
use super::order::{Order, OrderKey, Prepay, TradeState};
use super::schema::{self, Field, Format, Shape, text};
use super::world::{Call, NotifyUrlPolicy, World};

const APPID: Field = Field::required("appid", "公众号ID", text(32));
const MCHID: Field = Field::required("mchid", "商户号", text(32));
const DESCRIPTION: Field = Field::required("description", "商品描述", text(127));
const OUT_TRADE_NO: Field =
    Field::required("out_trade_no", "商户订单号", Shape::Text { max: 32, format: Format::OutTradeNo });
const TIME_EXPIRE: Field =
    Field::optional("time_expire", "交易结束时间", Shape::Text { max: 64, format: Format::Instant });
const ATTACH: Field = Field::optional("attach", "附加数据", text(128));
const NOTIFY_URL: Field = Field::required("notify_url", "通知地址", text(255));
const GOODS_TAG: Field = Field::optional("goods_tag", "订单优惠标记", text(32));
const LIMIT_PAY: Field = Field::optional(
    "limit_pay",
    "指定支付方式",
    Shape::List(&Shape::Text {
        max: 32,
        format: Format::OneOf(&["no_credit", "no_debit", "no_balance", "balance_only"]),
    }),
);
const SUPPORT_FAPIAO: Field = Field::optional("support_fapiao", "电子发票入口开放标识", Shape::Boolean);
const AMOUNT: Field = Field::required(
    "amount",
    "订单金额",
    Shape::Object(&[
        Field::required("total", "总金额", Shape::Integer { min: 1 }),
        Field::optional("currency", "货币类型", Shape::Text { max: 16, format: Format::OneOf(&["CNY"]) }),
    ]),
);
const DETAIL: Field = Field::optional(
    "detail",
    "优惠功能",
    Shape::Object(&[
        Field::optional("cost_price", "订单原价", Shape::Integer { min: 0 }),
        Field::optional("invoice_id", "商品小票ID", text(32)),
        Field::optional("goods_detail", "单品列表", Shape::List(&Shape::Object(GOODS))),
    ]),
);
const GOODS: &[Field] = &[
    Field::required("merchant_goods_id", "商户侧商品编码", text(32)),
    Field::optional("wechatpay_goods_id", "微信支付商品编码", text(32)),
    Field::optional("goods_name", "商品名称", text(256)),
    Field::required("quantity", "商品数量", Shape::Integer { min: 1 }),
    Field::required("unit_price", "商品单价", Shape::Integer { min: 0 }),
];
const PAYER_CLIENT_IP: Field = Field::required("payer_client_ip", "用户终端IP", text(45));
const DEVICE_ID: Field = Field::optional("device_id", "商户端设备号", text(32));
const STORE_INFO: Field = Field::optional(
    "store_info",
    "商户门店信息",
    Shape::Object(&[
        Field::required("id", "门店编号", text(32)),
        Field::optional("name", "门店名称", text(256)),
        Field::optional("area_code", "地区编码", text(32)),
        Field::optional("address", "详细地址", text(512)),
    ]),
);
const SCENE_INFO: Field =
    Field::optional("scene_info", "场景信息", Shape::Object(&[PAYER_CLIENT_IP, DEVICE_ID, STORE_INFO]));
const H5_SCENE_INFO: Field = Field::required(
    "scene_info",
    "场景信息",
    Shape::Object(&[PAYER_CLIENT_IP, DEVICE_ID, STORE_INFO, H5_INFO]),
);
const H5_INFO: Field = Field::required(
    "h5_info",
    "H5场景信息",
    Shape::Object(&[
        Field::required("type", "场景类型", text(32)),
        Field::optional("app_name", "应用名称", text(64)),
        Field::optional("app_url", "网站URL", text(128)),
        Field::optional("bundle_id", "iOS平台BundleID", text(128)),
        Field::optional("package_name", "Android平台PackageName", text(128)),
    ]),
);
const SETTLE_INFO: Field = Field::optional(
    "settle_info",
    "结算信息",
    Shape::Object(&[Field::optional("profit_sharing", "是否指定分账", Shape::Boolean)]),
);
const JSAPI_PAYER: Field = Field::required(
    "payer",
    "支付者",
    Shape::Object(&[Field::required("openid", "用户标识", Shape::Text { max: 128, format: Format::Free })]),
);
const APP_PAYER: Field = Field::optional(
    "payer",
    "支付者",
    Shape::Object(&[Field::optional(
        "identity",
        "实名支付",
        Shape::Object(&[
            Field::required("type", "证件类型", text(32)),
            Field::required("number", "证件号", text(1024)),
            Field::required("name", "姓名", text(1024)),
        ]),
    )]),
);

macro_rules! with_common_fields {
    ($($own:expr),*) => {
        &[
            APPID, MCHID, DESCRIPTION, OUT_TRADE_NO, TIME_EXPIRE, ATTACH, NOTIFY_URL, GOODS_TAG, LIMIT_PAY,
            SUPPORT_FAPIAO, AMOUNT, DETAIL, SETTLE_INFO, $($own),*
        ]
    };
}

const APP_FIELDS: &[Field] = with_common_fields!(SCENE_INFO, APP_PAYER);
const JSAPI_FIELDS: &[Field] = with_common_fields!(SCENE_INFO, JSAPI_PAYER);
const H5_FIELDS: &[Field] = with_common_fields!(H5_SCENE_INFO);
const NATIVE_FIELDS: &[Field] = with_common_fields!(SCENE_INFO);

const fn fields(product: Product) -> &'static [Field] {
    match product {
        Product::App => APP_FIELDS,
        Product::Jsapi => JSAPI_FIELDS,
        Product::H5 => H5_FIELDS,
        Product::Native => NATIVE_FIELDS,
    }
}

/// How long a prepay answer may be used to begin a payment, whatever `time_expire` says.
pub(super) const fn lifetime(product: Product) -> std::time::Duration {
    match product {
        Product::H5 => std::time::Duration::from_secs(5 * 60),
        Product::App | Product::Jsapi | Product::Native => std::time::Duration::from_secs(2 * 60 * 60),
    }
}

/// `POST /v3/pay/transactions/{product}`
pub(super) fn prepay(world: &mut World, call: &Call<'_>, product: Product) -> Result<Value, ApiError> {
    let body = schema::check_body(call.body, fields(product))?;
    check_notify_url("/body/notify_url", string(&body, "notify_url"), call.settings.notify_urls)?;
    let merchant = world.merchant(call.mchid)?;
    check_merchant(merchant, product, &body)?;
    check_identity(merchant, call, &body)?;
    let key =
        OrderKey { mchid: call.mchid.to_owned(), out_trade_no: string(&body, "out_trade_no").to_owned() };
    match world.orders.get(&key) {
        Some(order) => check_reentry(order, call, product, &body)?,
        None => {
            let order = new_order(key.clone(), call, product, body);
            world.order_of_prepay.insert(order.native_code.clone(), key.clone());
            world.orders.insert(key.clone(), order);
        }
    }
    let id = identifiers::prepay_id(call.now);
    world.order_of_prepay.insert(id.clone(), key.clone());
    let order = world.orders.get_mut(&key).ok_or_else(ApiError::system)?;
    order.prepays.push(Prepay { id: id.clone(), issued_at: call.now });
    Ok(answer(order, call, &id))
}

fn answer(order: &Order, call: &Call<'_>, prepay_id: &str) -> Value {
    let base_url = &call.settings.base_url;
    let package = identifiers::native_code();
    match order.product {
        Product::App | Product::Jsapi => json!({"prepay_id": prepay_id}),
        Product::H5 => {
            let path = "/cgi-bin/mmpayweb-bin/checkmweb";
            json!({"h5_url": format!("{base_url}{path}?prepay_id={prepay_id}&package={package}")})
        }
        Product::Native => json!({"code_url": format!("weixin://wxpay/bizpayurl?pr={}", order.native_code)}),
    }
}

fn check_merchant(merchant: &Merchant, product: Product, body: &Map<String, Value>) -> Result<(), ApiError> {
    if !merchant.appids.contains(string(body, "appid")) {
        let message = "appid与mchid不匹配，请检查两者是否已绑定";
        return Err(ApiError::new(400, "APPID_MCHID_NOT_MATCH", message, sub_code::APPID_NOT_BOUND));
    }
    if !merchant.products.contains(&product) {
        return Err(ApiError::new(403, "NO_AUTH", "商户号该产品权限未开通", sub_code::ILLEGAL_PARAMETER));
    }
    Ok(())
}

/// The payer's identity comes encrypted to a key that the request names.
fn check_identity(merchant: &Merchant, call: &Call<'_>, body: &Map<String, Value>) -> Result<(), ApiError> {
    let identity = body.get("payer").and_then(|payer| payer.get("identity"));
    for name in ["number", "name"] {
        if let Some(field) = identity.and_then(|fields| fields.get(name)).and_then(Value::as_str) {
            check_encrypted(merchant, call, &format!("/body/payer/identity/{name}"), field)?;
        }
    }
    Ok(())
}

/// Refuses a sensitive field that the key named by `Wechatpay-Serial` does not open.
pub(super) fn check_encrypted(
    merchant: &Merchant,
    call: &Call<'_>,
    pointer: &str,
    encrypted: &str,
) -> Result<(), ApiError> {
    let refused = |message: &str| ApiError::parameter("body", pointer, message, &Value::Null);
    let id = call.key_id.ok_or_else(|| refused("HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)"))?;
    let key = merchant.channel_key(id).ok_or_else(|| refused("平台证书序列号Wechatpay-Serial错误"))?;
    key.key
        .open_field(encrypted)
        .map(drop)
        .map_err(|_| refused("敏感信息解密失败，请确认加密使用的证书或公钥"))
}

/// Section 3.3 of the API's rules: the same number may only repeat the same request, while the order is unpaid.
fn check_reentry(
    order: &Order,
    call: &Call<'_>,
    product: Product,
    body: &Map<String, Value>,
) -> Result<(), ApiError> {
    match order.trade_state(call.now, call.settings.expiry_lag) {
        TradeState::Success | TradeState::Refund => {
            return Err(ApiError::new(400, "ORDERPAID", "该订单已支付", sub_code::PAID_ON_PREPAY));
        }
        TradeState::Closed => {
            return Err(ApiError::new(400, "ORDER_CLOSED", "该订单已失效", sub_code::ORDER_CLOSED));
        }
        TradeState::NotPay => {}
    }
    if order.product != product {
        return Err(ApiError::new(403, "OUT_TRADE_NO_USED", "商户订单号重复", sub_code::REENTRY_MISMATCH));
    }
    if order.request.get("amount") != body.get("amount") {
        return Err(reentry_refused("INVALID_REQUEST", "重入请求数据和已存在的业务单据数据不一致"));
    }
    if order.request != without_expiry(body.clone()) {
        return Err(reentry_refused("INVALID_REQUEST", "201 商户订单号重复"));
    }
    Ok(())
}

fn reentry_refused(code: &'static str, message: &str) -> ApiError {
    ApiError::new(400, code, message, sub_code::REENTRY_MISMATCH)
}

/// Only the first `time_expire` of an order counts, so a later one is not compared.
fn without_expiry(mut body: Map<String, Value>) -> Map<String, Value> {
    body.remove("time_expire");
    body
}

fn new_order(key: OrderKey, call: &Call<'_>, product: Product, body: Map<String, Value>) -> Order {
    let payer = body.get("payer").and_then(|payer| payer.get("openid"));
    let device = body.get("scene_info").and_then(|scene| scene.get("device_id"));
    Order {
        key,
        product,
        appid: string(&body, "appid").to_owned(),
        description: string(&body, "description").to_owned(),
        attach: string(&body, "attach").to_owned(),
        notify_url: string(&body, "notify_url").to_owned(),
        total: body
            .get("amount")
            .and_then(|amount| amount.get("total"))
            .and_then(Value::as_i64)
            .unwrap_or_default(),
        openid: payer.and_then(Value::as_str).map(str::to_owned),
        device_id: device.and_then(Value::as_str).map(str::to_owned),
        prepays: Vec::new(),
        native_code: identifiers::native_code(),
        created_at: call.now,
        expires_at: expiry(body.get("time_expire").and_then(Value::as_str), call.now),
        closed_at: None,
        payment_in_flight: false,
        failed_tries: 0,
        payment: None,
        refunded_total: 0,
        refund_numbers: Vec::new(),
        request: without_expiry(body),
    }
}

/// `time_expire`, clamped to one minute and 90 days from now; seven days when absent.
fn expiry(time_expire: Option<&str>, now: OffsetDateTime) -> OffsetDateTime {
    match time_expire.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok()) {
        Some(wanted) => wanted.clamp(now + Duration::MINUTE, now + Duration::days(90)),
        None => now + Duration::days(7),
    }
}

/// Absolute http(s), no query, no fragment, and reachable from outside unless the policy lets loopback pass.
pub(super) fn check_notify_url(pointer: &str, url: &str, policy: NotifyUrlPolicy) -> Result<(), ApiError> {
    let refused = |why: &str| {
        let message = format!("输入源“{pointer}”映射到值字段“通知地址”字符串规则校验失败，{why}");
        Err(ApiError::parameter("body", pointer, message, &Value::from(url)))
    };
    let Ok(parsed) = Url::parse(url) else { return refused("不是合法的URL") };
    if !matches!(parsed.scheme(), "http" | "https") {
        return refused("必须以http://或https://开头");
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return refused("不能携带参数");
    }
    match reach(&parsed) {
        Reach::Public => Ok(()),
        Reach::Loopback if policy == NotifyUrlPolicy::LoopbackAllowed => Ok(()),
        Reach::Loopback | Reach::Private => refused("必须为外网可访问的地址"),
    }
}

enum Reach {
    Public,
    Loopback,
    Private,
}

fn reach(url: &Url) -> Reach {
    match url.host() {
        Some(Host::Domain("localhost")) => Reach::Loopback,
        Some(Host::Domain(_)) => Reach::Public,
        Some(Host::Ipv4(ip)) if ip.is_loopback() => Reach::Loopback,
        Some(Host::Ipv4(ip)) if ip.is_private() || ip.is_link_local() || ip.is_unspecified() => {
            Reach::Private
        }
        Some(Host::Ipv4(_)) => Reach::Public,
        Some(Host::Ipv6(ip)) if ip.is_loopback() => Reach::Loopback,
        Some(Host::Ipv6(ip)) if ip.is_unique_local() || ip.is_unspecified() => Reach::Private,
        Some(Host::Ipv6(_)) => Reach::Public,
        None => Reach::Private,
    }
}

/// A text field of a checked body; absent ones read as empty.
pub(super) fn string<'a>(body: &'a Map<String, Value>, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_clamped_and_defaults_to_seven_days() {
        let now = time::macros::datetime!(2025-10-09 16:54:19 +8);
        assert_eq!(expiry(None, now), now + Duration::days(7));
        assert_eq!(expiry(Some("2025-10-09T16:54:29+08:00"), now), now + Duration::MINUTE);
        assert_eq!(expiry(Some("2026-10-09T16:54:29+08:00"), now), now + Duration::days(90));
    }

    #[test]
    fn a_notify_url_is_public_and_has_no_query() {
        let check = |url, policy| check_notify_url("/body/notify_url", url, policy);
        let public = NotifyUrlPolicy::PublicOnly;
        check("https://gw.example.com/notify", public).unwrap();
        for url in [
            "https://gw.example.com/n?a=1",
            "ftp://gw.example.com/",
            "http://127.0.0.1/",
            "http://10.0.0.8/",
            "/n",
        ] {
            check(url, public).unwrap_err();
        }
        check("http://127.0.0.1:8080/n", NotifyUrlPolicy::LoopbackAllowed).unwrap();
        check("http://10.0.0.8/n", NotifyUrlPolicy::LoopbackAllowed).unwrap_err();
    }
}
