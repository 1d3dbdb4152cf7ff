//! The database goes away, is full, comes back: told as what it is, within its time, and survived.

use std::time::Duration;

use payment_sandbox::postgres::{
    Durability, Endpoint, Environment, PostgresOptions, PrivatePostgres, Storage,
};
use payment_store::{StoreError, payment::Effect};
use payment_tests::database::{TestStore, connect, open, options, proxy::Proxy};

use crate::scene::{answered, apply, created, invariants_hold, merchant, new, paid, payment};

const OF_STORE: &str = "application_name = 'payment-server' AND datname = current_database()";

/// Far above every time limit of these tests: what takes as long as this hangs.
const HANGS: Duration = Duration::from_secs(20);

async fn end_sessions(on: &TestStore) {
    let ended = format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {OF_STORE}");
    assert_eq!(on.number(&ended).await, 1);
    on.until(&format!("NOT EXISTS (SELECT FROM pg_stat_activity WHERE {OF_STORE})")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_ended_while_idle_is_replaced_unseen() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    end_sessions(&on).await;
    assert!(on.store.payment_get(&merchant(), &payment.payment_no).await.unwrap().is_some());
    end_sessions(&on).await;
    assert_eq!(apply(&on, &answered(&payment, paid(&payment, "42"))).await.effect, Effect::Changed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_ended_in_a_statement_is_unavailable_and_nothing_is_kept() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    let blocker = connect(on.database.url()).await;
    let request = answered(&payment, paid(&payment, "42"));
    blocker.batch_execute("BEGIN; LOCK TABLE payment IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let waits =
        format!("EXISTS (SELECT FROM pg_stat_activity WHERE {OF_STORE} AND wait_event_type = 'Lock')");
    let (ended, ()) = tokio::join!(on.store.payment_apply(&request), async {
        on.until(&waits).await;
        end_sessions(&on).await;
    });
    assert!(matches!(ended, Err(StoreError::Unavailable(_))), "{ended:?}");
    let merchant = merchant();
    let (ended, ()) = tokio::join!(on.store.payment_get(&merchant, &payment.payment_no), async {
        on.until(&waits).await;
        end_sessions(&on).await;
    });
    assert!(matches!(ended, Err(StoreError::Unavailable(_))), "{ended:?}");
    blocker.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(apply(&on, &request).await.payment.revision, 1);
    invariants_hold(&on).await;
}

#[tokio::test]
async fn a_full_pool_is_unavailable_within_its_time() {
    let on = TestStore::new(1).await;
    let mut one = options(on.database.url(), 1);
    one.acquire_timeout = Duration::from_millis(200);
    let one = open(&one);
    let payment = created(&on, "r", &["A"]).await;
    let blocker = connect(on.database.url()).await;
    blocker.batch_execute("BEGIN; LOCK TABLE payment IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let (busy, request) = (one.clone(), answered(&payment, paid(&payment, "42")));
    let busy = tokio::spawn(async move { busy.payment_apply(&request).await });
    on.until(&format!("EXISTS (SELECT FROM pg_stat_activity WHERE {OF_STORE} AND wait_event_type = 'Lock')"))
        .await;
    let refused = tokio::time::timeout(HANGS, one.ping()).await.expect("it hangs");
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    blocker.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(busy.await.unwrap().unwrap().unwrap().effect, Effect::Changed);
    one.ping().await.unwrap();
}

#[tokio::test]
async fn a_server_that_never_answers_is_unavailable_within_its_time() {
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("postgres://someone@{}/somewhere", silent.local_addr().unwrap());
    let mut impatient = options(&url, 1);
    impatient.acquire_timeout = Duration::from_millis(200);
    let impatient = open(&impatient);
    let refused = tokio::time::timeout(HANGS, impatient.ping()).await.expect("it hangs");
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let refused = tokio::time::timeout(HANGS, impatient.migrate()).await.expect("it hangs");
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
}

async fn start(folder: &std::path::Path) -> PrivatePostgres {
    let options = PostgresOptions {
        storage: Storage::Kept(folder.join("kept")),
        durability: Durability::Fast,
        endpoint: Endpoint::Socket,
        settings: Vec::new(),
        environment: Environment::read(),
    };
    tokio::task::spawn_blocking(move || PrivatePostgres::start(options)).await.unwrap().unwrap()
}

async fn stop(postgres: PrivatePostgres) {
    tokio::task::spawn_blocking(move || postgres.stop()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stops_and_starts_again_is_found_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let postgres = start(folder.path()).await;
    postgres.databases().create_database("shop").await.unwrap();
    let proxy = Proxy::to(&postgres.url("shop")).await;
    let mut patient = options(&proxy.url(&postgres.url("shop")), 2);
    patient.acquire_timeout = Duration::from_secs(5);
    let store = open(&patient);
    store.migrate().await.unwrap();
    let wanted = new(payment("r", &["A"]));
    store.payment_create(&wanted).await.unwrap();
    let request = answered(&wanted.payment, paid(&wanted.payment, "42"));
    stop(postgres).await;
    for error in [
        store.ping().await.unwrap_err(),
        store.payment_get(&merchant(), &request.payment_no).await.unwrap_err(),
        store.payment_apply(&request).await.unwrap_err(),
        store.payment_create(&wanted).await.unwrap_err(),
        store.ledger().await.unwrap_err(),
        store.migrate().await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    let postgres = start(folder.path()).await;
    proxy.lead_to(&postgres.url("shop"));
    assert_eq!(store.payment_apply(&request).await.unwrap().unwrap().effect, Effect::Changed);
    assert_eq!(payment_core::invariant::check(&store.ledger().await.unwrap()), []);
    stop(postgres).await;
}

#[tokio::test]
async fn a_unique_index_names_itself_to_the_operator() {
    let on = TestStore::new(1).await;
    let first = created(&on, "r-1", &["A"]).await;
    let mut twin = payment("r-2", &["B"]);
    twin.payment_no = first.payment_no.clone();
    let error = on.store.payment_create(&new(twin)).await.unwrap_err();
    assert!(matches!(&error, StoreError::Statement(text) if text.contains("payment_pkey")), "{error:?}");
    assert_eq!(on.number("SELECT count(*) FROM merchant_order").await, 1, "nothing of it was kept");
}

#[tokio::test]
async fn r26_what_no_key_verified_is_refused_as_evidence() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    let mut request = answered(&payment, paid(&payment, "42"));
    request.evidence.channel.as_mut().unwrap().verified_by = None;
    let error = on.store.payment_apply(&request).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Statement(text) if text.contains("success_is_verified")),
        "{error:?}"
    );
    let mut record = crate::scene::record_of("P");
    record.verified_by = None;
    let error = on.store.notification_keep_irrelevant(&record).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Statement(text) if text.contains("verified_unless_rejected")),
        "{error:?}"
    );
    assert_eq!(on.number("SELECT count(*) FROM notification").await, 0);
}

/// What the last word decides is the last word: a commit that PostgreSQL refuses is no success.
#[tokio::test]
async fn a_commit_that_is_refused_is_an_error_and_nothing_is_kept() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    let refusing = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$; \
                    CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON payment_transition DEFERRABLE INITIALLY DEFERRED \
                    FOR EACH ROW EXECUTE FUNCTION refuse()";
    on.observer.batch_execute(refusing).await.unwrap();
    let request = answered(&payment, paid(&payment, "42"));
    let error = on.store.payment_apply(&request).await.unwrap_err();
    assert!(matches!(&error, StoreError::Statement(text) if text.contains("refused")), "{error:?}");
    assert_eq!(on.number("SELECT count(*) FROM payment WHERE revision = 0").await, 1);
    on.observer.batch_execute("DROP TRIGGER refuse ON payment_transition").await.unwrap();
    assert_eq!(apply(&on, &request).await.effect, Effect::Changed);
}

/// Races are run again from their beginning: PostgreSQL decides one against the store here, twice.
#[tokio::test]
async fn a_lost_race_is_run_again_and_a_hopeless_one_is_contention() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    let losing = "CREATE SEQUENCE losses; \
                  CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                  CASE nextval('losses') WHEN 1 THEN RAISE 'deadlock detected' USING ERRCODE = '40P01'; \
                  WHEN 2 THEN RAISE 'serialize' USING ERRCODE = '40001'; ELSE RETURN NEW; END CASE; END $$; \
                  CREATE TRIGGER lose BEFORE INSERT ON payment_transition FOR EACH ROW EXECUTE FUNCTION lose()";
    on.observer.batch_execute(losing).await.unwrap();
    let applied = apply(&on, &answered(&payment, paid(&payment, "42"))).await;
    assert_eq!((applied.effect, applied.payment.revision), (Effect::Changed, 1));
    assert_eq!(on.number("SELECT nextval('losses')").await, 4);
    let hopeless = "CREATE OR REPLACE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                    RAISE 'serialize' USING ERRCODE = '40001'; END $$";
    on.observer.batch_execute(hopeless).await.unwrap();
    let other = created(&on, "s", &["B"]).await;
    let error = on.store.payment_apply(&answered(&other, paid(&other, "43"))).await.unwrap_err();
    assert!(matches!(error, StoreError::Contention), "{error:?}");
    invariants_hold(&on).await;
}

/// Ends the store's sessions while this runtime stands still, so that nothing of it can have noticed.
fn end_sessions_unseen(url: &str) {
    let url = url.to_owned();
    let end = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let ended = format!(
                "SELECT bool_and(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE {OF_STORE}"
            );
            let ended: Option<bool> = connect(&url).await.query_one(&ended, &[]).await.unwrap().get(0);
            assert_eq!(ended, Some(true));
        });
    };
    std::thread::spawn(end).join().unwrap();
}

#[tokio::test]
async fn connections_that_were_ended_a_moment_ago_are_replaced_unseen() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    let limits = payment_store::ClaimLimits { lease: Duration::from_secs(60), rows: 10, except: &[] };
    for _ in 0..10 {
        end_sessions_unseen(on.database.url());
        on.store.payment_get(&merchant(), &payment.payment_no).await.unwrap();
        end_sessions_unseen(on.database.url());
        on.store.refunds_claim_due(crate::scene::NOW, limits).await.unwrap();
        end_sessions_unseen(on.database.url());
        apply(&on, &answered(&payment, paid(&payment, "42"))).await;
    }
    invariants_hold(&on).await;
}

/// The end comes after the connection was handed out: BEGIN meets it, and BEGIN has done nothing.
#[tokio::test]
async fn a_transaction_whose_begin_met_a_dead_connection_is_run_on_a_new_one() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    let proxy = Proxy::to(on.database.url()).await;
    let store = open(&options(&proxy.url(on.database.url()), 2));
    store.ping().await.unwrap();
    proxy.cut();
    let request = answered(&payment, paid(&payment, "42"));
    assert_eq!(store.payment_apply(&request).await.unwrap().unwrap().effect, Effect::Changed);
    proxy.cut();
    let error = store.ping().await.unwrap_err();
    assert!(
        matches!(error, StoreError::Unavailable(_)),
        "a statement of its own may have been run: {error:?}"
    );
}

async fn losing_with(on: &TestStore, body: &str) {
    let trigger = format!(
        "CREATE SEQUENCE IF NOT EXISTS losses; CREATE OR REPLACE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ \
         BEGIN {body} RETURN NEW; END $$; \
         CREATE OR REPLACE TRIGGER lose BEFORE INSERT ON payment_transition FOR EACH ROW EXECUTE FUNCTION lose()"
    );
    on.observer.batch_execute(&trigger).await.unwrap();
}

/// Diesel drops the code, and the words are in the server's language.
#[tokio::test]
async fn f14_a_deadlock_is_run_again_in_whatever_language_it_is_told() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    let deadlock =
        "IF nextval('losses') < 3 THEN RAISE 'Verklemmung entdeckt' USING ERRCODE = '40P01'; END IF;";
    losing_with(&on, deadlock).await;
    let applied = apply(&on, &answered(&payment, paid(&payment, "42"))).await;
    assert_eq!((applied.effect, applied.payment.revision), (Effect::Changed, 1));
    invariants_hold(&on).await;
}

#[tokio::test]
async fn a_statement_out_of_time_is_contention_in_whatever_language_it_is_told() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    let translated = "PERFORM nextval('losses'); BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN \
                      RAISE 'storniere Anfrage' USING ERRCODE = '57014'; END;";
    losing_with(&on, translated).await;
    let mut impatient = options(on.database.url(), 1);
    impatient.statement_timeout = Duration::from_millis(500);
    let error = open(&impatient).payment_apply(&answered(&payment, paid(&payment, "42"))).await.unwrap_err();
    assert!(matches!(error, StoreError::Contention), "{error:?}");
    assert_eq!(on.number("SELECT last_value FROM losses").await, 1, "time that is over is not taken again");
}

#[tokio::test]
async fn a_defect_is_run_a_few_times_and_then_told() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    losing_with(&on, "PERFORM nextval('losses'); RAISE 'kaputt';").await;
    let error = on.store.payment_apply(&answered(&payment, paid(&payment, "42"))).await.unwrap_err();
    assert!(matches!(&error, StoreError::Statement(text) if text.contains("kaputt")), "{error:?}");
    assert_eq!(on.number("SELECT last_value FROM losses").await, 3);
}
