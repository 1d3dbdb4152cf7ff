//! `paymentctl` against a running service: what people read, what programs read, how it ends.

use std::{collections::BTreeMap, ffi::OsString};

use payment_sandbox::wechat::RefundStatus;
use payment_server::jobs::Job;
use payment_tests::{app::MERCHANT, operators::Person};
use paymentctl::{Ending, World, run};
use serde_json::Value;

use super::scene::Desk;

/// How a command ended, and what it said where.
struct Told {
    ending: Ending,
    out: String,
    error: String,
}

async fn told(desk: &Desk, bearer: &str, arguments: &[&str]) -> Told {
    let address = format!("http://{}", desk.app.grpc_address());
    let environment = BTreeMap::from([
        ("PAYMENTCTL_ADDRESS".to_owned(), address),
        ("PAYMENTCTL_KEY".to_owned(), bearer.to_owned()),
        ("PAYMENTCTL_MERCHANT".to_owned(), MERCHANT.to_owned()),
    ]);
    let arguments: Vec<OsString> =
        ["paymentctl"].iter().chain(arguments).map(|argument| OsString::from(*argument)).collect();
    let now = desk.app.clock().now();
    let running = tokio::task::spawn_blocking(move || {
        let (mut out, mut error) = (Vec::new(), Vec::new());
        let mut world = World { environment, now, is_terminal: false, out: &mut out, error: &mut error };
        let ending = run(arguments, &mut world);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Told { ending, out: text(out), error: text(error) }
    });
    let told = running.await.unwrap();
    assert!(!told.out.contains(bearer) && !told.error.contains(bearer), "the key is never printed");
    told
}

async fn by(desk: &Desk, person: &Person, arguments: &[&str]) -> Told {
    told(desk, &person.bearer, arguments).await
}

/// The output with each thing that differs from run to run under a name.
fn normalised(desk: &Desk, text: &str, names: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (value, name) in names {
        text = text.replace(value, name);
    }
    let serial = &desk.app.wechat_merchant.public_key.as_ref().unwrap().id;
    text.replace(serial.as_str(), "KEY")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_payment_reads_as_a_story() {
    let desk = Desk::open().await;
    let app = &desk.app;
    let (duplicate, effective) = desk.paid_twice("SO-1001", 3990).await;
    app.run_job(Job::RefundSuccess).await;
    app.advance(std::time::Duration::from_secs(1)).await;
    app.wechat().settle_refund(app.mchid(), &format!("{duplicate}-D0"), RefundStatus::Success).unwrap();
    app.wechat().settled().await;
    let told = by(&desk, &desk.alice, &["explain", "--order", "SO-1001"]).await;
    assert_eq!((told.ending, told.error.as_str()), (Ending::Done, ""));
    let of_duplicate = app.payment(&duplicate).await.channel_transaction_no;
    let of_effective = app.payment(&effective).await.channel_transaction_no;
    let names = [
        (duplicate.as_str(), "P-FIRST"),
        (effective.as_str(), "P-SECOND"),
        (of_duplicate.as_str(), "T-FIRST"),
        (of_effective.as_str(), "T-SECOND"),
    ];
    let story = told.out.split("\n\n").next().unwrap();
    let expected = include_str!("duplicate_story.txt");
    assert_eq!(normalised(&desk, story, &names).trim(), expected.trim(), "\n{}", told.out);
    // Everything that a person needs to tell the payer stands there, without a look into the database.
    let facts = by(&desk, &desk.alice, &["explain", &duplicate, "--facts"]).await;
    for word in ["NOTIFICATION", "CHANNEL_PAID", "DUPLICATE", "refunds/", "EVENT_TOLD"] {
        assert!(facts.out.contains(word), "{word}:\n{}", facts.out);
    }
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_command_is_answered_for_people_and_for_programs() {
    let desk = Desk::open_with("[cases]\napproval_above = { CNY = 99 }\n").await;
    let payment_no = desk.app.open("r-1", "A", 100).await;
    desk.app.pay(&payment_no).await;
    desk.lost("B", 100).await;
    let case_id = desk.the_case().await.case_id;
    let caller = desk.app.bearer(MERCHANT);
    for arguments in [
        &["payment", "get", &payment_no][..],
        &["payment", "list", "--state", "succeeded,closed", "--limit", "3"],
        &["payment", "sync", &payment_no],
        &["payment", "close", &payment_no],
        &["order", "get", "A"],
        &[
            "refund",
            "create",
            "R-1",
            "--payment",
            &payment_no,
            "--amount",
            "40",
            "--currency",
            "CNY",
            "--reason",
            "return",
        ],
        &["refund", "get", "R-1"],
        &["refund", "list", "--payment", &payment_no],
        &["event", "list", "--payment", &payment_no],
    ] {
        answered(&told(&desk, &caller, arguments).await, arguments);
        let with_json = [arguments, &["--json"]].concat();
        is_json(&told(&desk, &caller, &with_json).await, &with_json);
    }
    let notification_id =
        desk.app.texts("SELECT notification_id::text FROM notification LIMIT 1").await.remove(0);
    for arguments in [
        &["explain", &payment_no, "--evidence"][..],
        &["payment", "explain", &payment_no],
        &["case", "list", "--all"],
        &["case", "show", &case_id],
        &["case", "resolve", &case_id, "--as", "attach", "--order", "B", "--reason", "the shop knows it"],
        &["notification", "list", "--verdict", "applied,case-opened"],
        &["notification", "show", &notification_id, "--evidence"],
        &["notification", "replay", &notification_id, "--reason", "to be sure"],
        &["refund", "postpone", "R-1", "--hours", "2", "--reason", "tomorrow"],
        &["refund", "retry", "R-1", "--reason", "today after all"],
        &["job", "list"],
        &["job", "run", "payment-success"],
        &["channel", "health", "--minutes", "30"],
        &["webhook", "endpoints"],
    ] {
        answered(&by(&desk, &desk.alice, arguments).await, arguments);
        let with_json = [arguments, &["--json"]].concat();
        is_json(&by(&desk, &desk.alice, &with_json).await, &with_json);
    }
    let alone = by(&desk, &desk.alice, &["case", "approve", &case_id]).await;
    assert_eq!(alone.ending, Ending::Refused);
    assert!(alone.error.contains("[SECOND_PERSON_REQUIRED]"), "{}", alone.error);
    let approved = by(&desk, &desk.bob, &["case", "approve", &case_id]).await;
    assert!(approved.out.contains("RESOLVED"), "{}", approved.out);
    assert!(by(&desk, &desk.bob, &["case", "list"]).await.out.contains("No case waits"));
    desk.app.finish().await;
}

fn answered(told: &Told, arguments: &[&str]) {
    assert_eq!((told.ending, told.error.as_str()), (Ending::Done, ""), "{arguments:?}");
    assert!(!told.out.trim().is_empty(), "{arguments:?}");
}

fn is_json(told: &Told, arguments: &[&str]) {
    assert_eq!((told.ending, told.error.as_str()), (Ending::Done, ""), "{arguments:?}");
    let value: Value =
        serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}: {}", told.out));
    assert!(value.is_object(), "{arguments:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_used_and_revoked() {
    let desk = Desk::open().await;
    let made = by(&desk, &desk.alice, &["key", "create", "cli", "--scope", "read", "--json"]).await;
    assert_eq!((made.ending, made.error.as_str()), (Ending::Done, ""));
    let answer: Value = serde_json::from_str(&made.out).unwrap();
    let secret = answer["secret"].as_str().unwrap();
    assert_eq!(told(&desk, secret, &["payment", "list"]).await.ending, Ending::Done);
    let listed = by(&desk, &desk.alice, &["key", "list"]).await;
    assert!(listed.out.contains("cli") && !listed.out.contains(secret), "{}", listed.out);
    answered(&by(&desk, &desk.alice, &["key", "revoke", "cli"]).await, &["key", "revoke"]);
    assert_eq!(told(&desk, secret, &["payment", "list"]).await.ending, Ending::Unauthenticated);
    desk.app.finish().await;
}

/// As `paymentctl completion bash | head` does.
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    struct Gone;
    impl std::io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (mut error, now) = (Vec::new(), payment_tests::app::START);
    let mut world =
        World { environment: BTreeMap::new(), now, is_terminal: false, out: &mut Gone, error: &mut error };
    let arguments = ["paymentctl", "completion", "bash"].map(OsString::from);
    assert_eq!(run(arguments, &mut world), Ending::Done);
    assert!(error.is_empty(), "{}", String::from_utf8_lossy(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn endings_are_told_apart() {
    let desk = Desk::open().await;
    let nobody = "P202601050001234567890ABCDEFGHJ";
    let unknown = by(&desk, &desk.alice, &["explain", nobody]).await;
    assert_eq!(unknown.ending, Ending::NotFound);
    assert!(unknown.error.contains("[PAYMENT_NOT_FOUND]"), "{}", unknown.error);
    let as_json = by(&desk, &desk.alice, &["explain", nobody, "--json"]).await;
    let refusal: Value = serde_json::from_str(&as_json.error).unwrap();
    assert_eq!(refusal["error"]["reason"], "PAYMENT_NOT_FOUND");
    assert_eq!(refusal["error"]["exitCode"], 4);
    assert_eq!(as_json.out, "");
    let field = by(&desk, &desk.alice, &["explain", "P1"]).await;
    assert_eq!(field.ending, Ending::Usage);
    assert_eq!(by(&desk, &desk.alice, &["explain"]).await.ending, Ending::Usage);
    let stranger = told(&desk, "payk_nobody", &["job", "list"]).await;
    assert_eq!(stranger.ending, Ending::Unauthenticated);
    let caller = told(&desk, &desk.app.bearer(MERCHANT), &["job", "list"]).await;
    assert_eq!(caller.ending, Ending::Refused, "{}", caller.error);
    // Nobody listens at port 9 of the loopback interface.
    let away = by(&desk, &desk.alice, &["job", "list", "--address", "http://127.0.0.1:9"]).await;
    assert_eq!(away.ending, Ending::Unavailable, "{}", away.error);
    let completion = by(&desk, &desk.alice, &["completion", "bash"]).await;
    assert!(completion.out.contains("paymentctl"), "{}", completion.error);
    desk.app.finish().await;
}
