//! A database across a network: its certificate is verified or nothing is said to it.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
};

use payment_sandbox::postgres::{
    Durability, Endpoint, Environment, PostgresOptions, PrivatePostgres, Storage,
};
use payment_store::{DatabaseTls, Store, StoreError};
use payment_tests::database::{connect, open, options, until};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

async fn start() -> PrivatePostgres {
    let options = PostgresOptions {
        storage: Storage::Temporary,
        durability: Durability::Fast,
        endpoint: Endpoint::Loopback,
        settings: Vec::new(),
        environment: Environment::read(),
    };
    tokio::task::spawn_blocking(move || PrivatePostgres::start(options)).await.unwrap().unwrap()
}

/// Gives the running server a certificate for a name or address, and waits until it uses it.
async fn switch_on(postgres: &PrivatePostgres, authority: &Authority, name: &str) {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let client = connect(&postgres.url("postgres")).await;
    for (setting, content) in [("ssl_cert_file", certificate.pem()), ("ssl_key_file", key.serialize_pem())] {
        let file = postgres.run_folder().join(setting);
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let owner = fs::metadata(postgres.run_folder().join(".s.PGSQL.5432"))
            .or_else(|_| fs::metadata(postgres.run_folder()))
            .unwrap();
        chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
        client.batch_execute(&format!("ALTER SYSTEM SET {setting} = '{}'", file.display())).await.unwrap();
    }
    client.batch_execute("ALTER SYSTEM SET ssl = on").await.unwrap();
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    until(&client, "current_setting('ssl') = 'on'").await;
}

fn verified(url: &str, authority: &Authority) -> Store {
    let mut options = options(url, 1);
    options.tls = DatabaseTls::Verified { certificate_authorities: Some(authority.pem().into_bytes()) };
    open(&options)
}

async fn refused(store: &Store) {
    for outcome in [store.ping().await, store.migrate().await.map(drop)] {
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_verified_certificate_is_spoken_to() {
    let postgres = start().await;
    let url = postgres.url("postgres");
    let (right, wrong) = (authority(), authority());
    // A plain server, or somebody in between who says that it is one.
    refused(&verified(&url, &right)).await;
    switch_on(&postgres, &right, "127.0.0.1").await;
    verified(&url, &right).ping().await.unwrap();
    verified(&url, &right).migrate().await.unwrap();
    refused(&verified(&url, &wrong)).await;
    // The URL cannot talk the store out of it.
    refused(&verified(&format!("{url}?sslmode=disable"), &wrong)).await;
    verified(&format!("{url}?sslmode=disable"), &right).ping().await.unwrap();
    let client = connect(&url).await;
    let store = verified(&url, &right);
    store.ping().await.unwrap();
    until(
        &client,
        "EXISTS (SELECT FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                    WHERE ssl AND application_name = 'payment-server')",
    )
    .await;
    drop(store);
    tokio::task::spawn_blocking(move || postgres.stop()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_name_is_refused() {
    let postgres = start().await;
    let right = authority();
    switch_on(&postgres, &right, "db.example").await;
    refused(&verified(&postgres.url("postgres"), &right)).await;
    tokio::task::spawn_blocking(move || postgres.stop()).await.unwrap().unwrap();
}
