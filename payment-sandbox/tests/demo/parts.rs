//! The parts of the demo on their own: the database and the channel, each until Ctrl-C.

use std::fs;

use crate::process::{Running, http, left, temporary};

#[tokio::test]
async fn postgres_prints_a_url_that_works_until_ctrl_c() {
    let temporary = temporary();
    let mut postgres = Running::start(temporary.path(), &["postgres"]);
    let url = format!("postgres://{}", postgres.read_until("postgres://"));
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let row = client.query_one("SELECT current_setting('fsync')", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "on");
    drop(client);
    connection.await.unwrap().unwrap();
    assert_eq!(postgres.interrupt(), Some(0));
    assert_eq!(left(temporary.path()), Vec::<String>::new());
}

#[tokio::test]
async fn wechat_writes_settings_for_the_server_and_answers_until_ctrl_c() {
    let temporary = temporary();
    let mut wechat = Running::start(temporary.path(), &["wechat", "--folder", "merchant"]);
    let wallet = wechat.read_until("wallet page");
    let settings = wechat.read_until("settings");
    let page = http().get(&wallet).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Orders"), "{page}");
    let settings: toml::Table = fs::read_to_string(settings).unwrap().parse().unwrap();
    assert_eq!(settings["channel"].as_str(), Some("wechat"));
    for (name, value) in settings.iter().filter(|(name, _)| name.ends_with("_file")) {
        assert!(fs::metadata(value.as_str().unwrap()).unwrap().len() > 0, "{name}");
    }
    assert_eq!(wechat.interrupt(), Some(0));
    // The settings are the reader's; nothing but them is left.
    assert_eq!(left(temporary.path()).len(), 1);
}
