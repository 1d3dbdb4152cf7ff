//! `wechat`: the simulated WeChat Pay alone, with one fresh merchant and the settings for its account.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use payment_sandbox::{
    clock::SimulatorClock,
    wechat::{
        GeneratedMerchant, KeyMode, MerchantOptions, RefundSettlement, SimulatorOptions, WechatSimulator,
    },
};
use toml::{Table, Value};

use super::{Ended, Failure, runtime};
use crate::{supervision::EndSignals, terminal::Terminal};

/// File with the account's settings, in the syntax of payment-server's configuration.
const SETTINGS: &str = "account.toml";

/// How long accepted refunds take to arrive: as quick as a wallet.
const REFUNDS_TAKE: Duration = Duration::from_millis(500);

/// How the simulator runs.
#[derive(Debug, Args)]
pub(crate) struct WechatArguments {
    /// A folder to be made for the merchant's keys and settings.
    #[arg(long, value_name = "DIR", default_value = "wechat-merchant")]
    folder: PathBuf,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))]
    listen: SocketAddr,
}

/// Runs a simulator until a signal comes.
pub(crate) fn wechat(arguments: &WechatArguments) -> Ended {
    let folder = std::path::absolute(&arguments.folder).map_err(Failure::at(arguments.folder.display()))?;
    let made = DirBuilder::new().mode(0o700).create(&folder);
    made.map_err(Failure::at(format_args!("--folder {} must be a new folder", folder.display())))?;
    runtime()?.block_on(simulate(arguments, &folder))
}

async fn simulate(arguments: &WechatArguments, folder: &Path) -> Ended {
    let mut signals = EndSignals::listen().map_err(Failure::new)?;
    let mut options = SimulatorOptions::loopback(SimulatorClock::real());
    options.listen = arguments.listen;
    options.refund_settlement = RefundSettlement::After(REFUNDS_TAKE);
    let simulator = WechatSimulator::start(options).await.map_err(Failure::new)?;
    // Both kinds of key, as for a merchant that is moving from certificates to the public key.
    let control = simulator.control();
    let merchant =
        control.create_merchant(MerchantOptions::new(KeyMode::Both)).await.map_err(Failure::new)?;
    write_files(folder, &merchant, simulator.base_url()).map_err(Failure::at(folder.display()))?;
    tell(folder, &simulator, &merchant);
    signals.next().await;
    simulator.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

fn tell(folder: &Path, simulator: &WechatSimulator, merchant: &GeneratedMerchant) {
    let terminal = Terminal::of_process();
    terminal.line("Simulated WeChat Pay, until Ctrl-C:\n");
    let rows = [
        ("API", simulator.base_url().to_owned()),
        ("control API", simulator.control_url()),
        ("wallet page", format!("{}/wallet", simulator.base_url())),
        ("merchant", merchant.mchid.clone()),
        ("settings", folder.join(SETTINGS).to_string_lossy().into_owned()),
    ];
    rows.iter().for_each(|(name, value)| terminal.line(&format!("  {name:<12} {value}")));
    terminal.line(
        "\nThe settings go below [merchants.<name>.accounts.<name>] in payment-server's configuration.",
    );
}

/// Writes keys and settings.
fn write_files(folder: &Path, merchant: &GeneratedMerchant, base_url: &str) -> std::io::Result<()> {
    let mut settings = Table::new();
    let mut set = |key: &str, value: &str| settings.insert(key.to_owned(), Value::String(value.to_owned()));
    set("channel", "wechat");
    set("base_url", base_url);
    set("mchid", &merchant.mchid);
    merchant.appids.first().map(|appid| set("app_id", appid));
    set("merchant_certificate_serial", &merchant.merchant_serial);
    let mut files = vec![
        ("merchant_private_key", merchant.merchant_private_key_pem.as_str()),
        ("api_v3_key", &merchant.apiv3_key),
        ("platform_root_certificates", &merchant.root_certificate_pem),
    ];
    if let Some(public_key) = &merchant.public_key {
        set("wechatpay_public_key_id", &public_key.id);
        files.push(("wechatpay_public_key", &public_key.pem));
    }
    for (name, content) in files {
        let path = folder.join(name);
        write_secret(&path, content)?;
        set(&format!("{name}_file"), &path.to_string_lossy());
    }
    write_secret(&folder.join(SETTINGS), &settings.to_string())
}

/// Writes a file that only this user may read.
fn write_secret(path: &Path, content: &str) -> std::io::Result<()> {
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?.write_all(content.as_bytes())
}
