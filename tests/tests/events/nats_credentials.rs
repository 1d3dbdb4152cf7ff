//! Who we are to NATS, replaced by replacing a file: a password, and the `.creds` file of a server with accounts.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use nkeys::KeyPair;
use payment_tests::{
    app::{TestApp, TestAppOptions},
    database::until,
    log_watch,
    steps::replace,
};
use serde_json::{Value, json};

use crate::{
    nats::{Nats, nats_server},
    scene::paid,
};

async fn service(nats: &Nats, who: &str) -> TestApp {
    let more_config = format!(
        "[nats]\nurl = \"nats://{}\"\ntls = \"disabled\"\nstream = \"PAYMENTS\"\n{who}\n",
        nats.address
    );
    TestApp::start_with(TestAppOptions { more_config, ..TestAppOptions::usual() }).await
}

/// Pays, and waits until JetStream has acknowledged that `count` events are kept.
async fn published(app: &TestApp, order_no: &str, count: u32) {
    paid(app, order_no).await;
    let delivered = format!("(SELECT delivered_no FROM event_consumer WHERE merchant_id = 'acme') = {count}");
    until(&app.observer, &delivered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_password_is_replaced_by_its_file_and_nothing_is_lost() {
    let Some(program) = nats_server() else { return };
    let mut nats = Nats::stopped();
    let [old, new] = ["the-password-of-before", "the-password-of-after"];
    let file = nats.folder.path().join("password");
    replace(&file, old);
    nats.start_for(&program, &["--user", "payment", "--pass", old]);
    let app = service(&nats, &format!("user = \"payment\"\npassword_file = \"{}\"", file.display())).await;
    published(&app, "SO-1", 1).await;
    // The server knows the new one only, and comes back after the file was replaced: the change is tried until it works.
    nats.kill();
    log_watch::add_secrets([new]);
    replace(&file, new);
    app.until("the new password is tried", || {
        app.logged("the new credentials open no connection to NATS yet")
    })
    .await;
    nats.start_for(&program, &["--user", "payment", "--pass", new]);
    published(&app, "SO-2", 2).await;
    app.finish().await;
}

/// A server's operator, an account with JetStream and the system's account, as `nsc` makes them.
struct Accounts {
    operator: KeyPair,
    account: KeyPair,
    system: KeyPair,
}

impl Accounts {
    fn new() -> Self {
        let [account, system] = [(); 2].map(|()| KeyPair::new_account());
        Self { operator: KeyPair::new_operator(), account, system }
    }

    /// The configuration of a server that trusts this operator.
    fn config(&self, folder: &Path) -> PathBuf {
        let operator = token(&self.operator, &self.operator, json!({"type": "operator", "version": 2}));
        let streams = json!({"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1});
        let jwts = [(&self.account, streams), (&self.system, json!({}))].map(|(key, storage)| {
            let mut limits = json!({"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1,
                "wildcards": true, "conn": -1, "leaf": -1});
            limits.as_object_mut().unwrap().extend(storage.as_object().unwrap().clone());
            let nats = json!({"type": "account", "version": 2, "limits": limits});
            format!("{}: {}", key.public_key(), token(&self.operator, key, nats))
        });
        let text = format!(
            "operator: {operator}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{\n{}\n}}\n",
            self.system.public_key(),
            jwts.join("\n")
        );
        let file = folder.join("accounts.conf");
        fs::write(&file, text).unwrap();
        file
    }

    /// The `.creds` file of a new user of the account.
    fn creds(&self) -> String {
        let user = KeyPair::new_user();
        let nats = json!({"type": "user", "version": 2, "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1});
        let (jwt, seed) = (token(&self.account, &user, nats), user.seed().unwrap());
        log_watch::add_secrets([seed.as_str()]);
        format!(
            "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )
    }
}

/// A NATS JWT by which `issuer` says this of `subject`.
fn token(issuer: &KeyPair, subject: &KeyPair, nats: Value) -> String {
    let header = json!({"typ": "JWT", "alg": "ed25519-nkey"});
    let claims = json!({"jti": subject.public_key(), "iat": 1_700_000_000, "iss": issuer.public_key(), "name": "payment",
        "sub": subject.public_key(), "nats": nats});
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let signature = URL_SAFE_NO_PAD.encode(issuer.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_creds_file_lets_us_in_and_is_replaced_while_we_publish() {
    let Some(program) = nats_server() else { return };
    let (mut nats, before, after) = (Nats::stopped(), Accounts::new(), Accounts::new());
    let file = nats.folder.path().join("payment.creds");
    replace(&file, &before.creds());
    let config = before.config(nats.folder.path());
    nats.start_for(&program, &["--config", config.to_str().unwrap()]);
    let app = service(&nats, &format!("credentials_file = \"{}\"", file.display())).await;
    published(&app, "SO-1", 1).await;
    // Another operator, who trusts nobody of before: only the new file lets us in.
    nats.kill();
    let config = after.config(nats.folder.path());
    nats.start_for(&program, &["--config", config.to_str().unwrap()]);
    replace(&file, &after.creds());
    published(&app, "SO-2", 2).await;
    app.finish().await;
}
