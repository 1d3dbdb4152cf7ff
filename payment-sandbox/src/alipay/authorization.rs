//! Who calls and whether they may: the gateway's checks in their order, over the merged parameters.

use std::time::Duration;

use time::OffsetDateTime;

use super::failure::Failure;
use super::identifiers;
use super::merchant::Merchant;
use super::operation::Operation;
use super::parameters::Parameters;
use super::world::World;

/// A caller whose signature fits.
pub(super) struct Caller {
    pub(super) app_id: String,
    pub(super) operation: Operation,
}

/// A request that stopped at the gateway.
pub(super) struct Rejection {
    /// The application whose keys sign the refusal; none when it comes from in front of the keys.
    pub(super) signed_for: Option<String>,
    /// The name of the answer's node.
    pub(super) node: String,
    pub(super) failure: Box<Failure>,
}

/// Known application, then the form of the parameters, then the signature, then method and contract.
pub(super) fn authorize(
    world: &World,
    parameters: &Parameters,
    now: OffsetDateTime,
    window: Duration,
) -> Result<Caller, Rejection> {
    let operation = parameters.get("method").and_then(Operation::of_method);
    let node = operation.map_or_else(|| "error_response".to_owned(), Operation::node);
    let unsigned = |failure| Rejection { signed_for: None, node: node.clone(), failure: Box::new(failure) };
    let app_id = parameters.get("app_id").ok_or_else(|| unsigned(Failure::missing("isv.missing-app-id")))?;
    let unknown_app = || unsigned(Failure::invalid("isv.invalid-app-id", "无效的AppID参数"));
    let merchant = world.merchants.get(app_id).ok_or_else(unknown_app)?;
    check_form(parameters, now, window).map_err(unsigned)?;
    let signed = |failure| Rejection {
        signed_for: Some(app_id.to_owned()),
        node: node.clone(),
        failure: Box::new(failure),
    };
    check_certificates(world, merchant, parameters).map_err(signed)?;
    check_signature(merchant, parameters).map_err(signed)?;
    let unknown_method = || unsigned(Failure::invalid("isv.invalid-method", "不存在的方法名"));
    let operation = operation.ok_or_else(unknown_method)?;
    check_contract(merchant, operation).map_err(signed)?;
    Ok(Caller { app_id: app_id.to_owned(), operation })
}

/// The parameters that every request has.
fn check_form(parameters: &Parameters, now: OffsetDateTime, window: Duration) -> Result<(), Failure> {
    for (name, sub_code) in [
        ("method", "isv.missing-method"),
        ("timestamp", "isv.missing-timestamp"),
        ("version", "isv.missing-version"),
        ("sign_type", "isv.missing-signature-type"),
        ("sign", "isv.missing-signature"),
    ] {
        parameters.get(name).ok_or_else(|| Failure::missing(sub_code))?;
    }
    let timestamp = parameters.get("timestamp").and_then(identifiers::parse_time);
    if timestamp.is_none_or(|instant| (now - instant).unsigned_abs() > window) {
        return Err(Failure::invalid("isv.invalid-timestamp", "非法的时间戳参数"));
    }
    if parameters.get("format").is_some_and(|format| !format.eq_ignore_ascii_case("json")) {
        return Err(Failure::invalid("isv.invalid-format", "无效的数据格式"));
    }
    if !parameters.get("charset").is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8")) {
        return Err(Failure::invalid("isv.invalid-charset", "字符集错误: this simulator speaks utf-8 only"));
    }
    check_sign_type(parameters)
}

fn check_sign_type(parameters: &Parameters) -> Result<(), Failure> {
    if parameters.get("sign_type") == Some("RSA2") {
        Ok(())
    } else {
        Err(Failure::invalid("isv.invalid-signature-type", "无效的签名类型"))
    }
}

/// In certificate mode a request names the application's certificate and the roots that it trusts.
fn check_certificates(world: &World, merchant: &Merchant, parameters: &Parameters) -> Result<(), Failure> {
    let named = (parameters.get("app_cert_sn"), parameters.get("alipay_root_cert_sn"));
    check_serials(world, merchant, named)
}

/// The same for serial numbers from wherever they came.
pub(super) fn check_serials(
    world: &World,
    merchant: &Merchant,
    (app, root): (Option<&str>, Option<&str>),
) -> Result<(), Failure> {
    let Some(expected) = &merchant.app_certificate_sn else { return Ok(()) };
    let app = app.ok_or_else(|| Failure::invalid("isv.missing-app-cert-sn", "缺少应用公钥证书SN"))?;
    let root =
        root.ok_or_else(|| Failure::invalid("isv.missing-alipay-root-cert-sn", "缺少支付宝根证书SN"))?;
    if app != expected {
        return Err(Failure::invalid("isv.app-cert-not-exist", "应用公钥证书不存在"));
    }
    if world.root_sn != root {
        return Err(Failure::invalid("isv.invalid-alipay-root-cert-sn", "支付宝根证书SN错误"));
    }
    Ok(())
}

/// A wrong signature is answered with the text that should have been signed, HTML-escaped as the real gateway does.
pub(super) fn check_signature(merchant: &Merchant, parameters: &Parameters) -> Result<(), Failure> {
    let text = parameters.text_to_sign(&["sign"]);
    let signature = parameters.get("sign").unwrap_or_default();
    merchant.verify(text.as_bytes(), signature).map_err(|_| {
        let message = format!(
            "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：{}",
            escape(&text)
        );
        Failure::invalid("isv.invalid-signature", message)
    })
}

/// Whether the merchant has signed up for the product.
pub(super) fn check_contract(merchant: &Merchant, operation: Operation) -> Result<(), Failure> {
    if operation.product().is_none_or(|product| merchant.products.contains(&product)) {
        Ok(())
    } else {
        Err(Failure::new("40006", "isv.insufficient-isv-permissions", "ISV权限不足"))
    }
}

/// HTML's own letters as entities.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
