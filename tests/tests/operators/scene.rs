//! What these stories begin from: a service with operators, money that our records lost, a case.

use payment_proto::v1::{
    Case, CaseResolution, ExplainPaymentRequest, ExplainPaymentResponse, ListCasesRequest,
    ResolveCaseRequest, explain_payment_request::Subject,
};
use payment_sandbox::wechat::{Landing, PayOptions};
use payment_tests::{
    app::{MERCHANT, TestApp, TestAppOptions},
    operators::{Operators, Person},
    refusal::Refusal,
    requests::{app_payment, payment_no},
};
use tonic::Status;

/// A service and those who operate it.
pub(super) struct Desk {
    pub(super) app: TestApp,
    /// Sees every merchant.
    pub(super) alice: Person,
    /// Sees every merchant.
    pub(super) bob: Person,
    /// Sees the first merchant only.
    pub(super) clerk: Person,
    /// Sees the other merchant only.
    pub(super) stranger: Person,
}

impl Desk {
    pub(super) async fn open() -> Self {
        Self::open_with("").await
    }

    /// A desk with more sections in its configuration.
    pub(super) async fn open_with(more: &str) -> Self {
        let [alice, bob] = ["alice", "bob"].map(|name| Person::new(name, "\"all\""));
        let clerk = Person::new("clerk", "[\"acme\"]");
        let stranger = Person::new("stranger", "[\"other\"]");
        let people = [&alice, &bob, &clerk, &stranger].map(|person| person.config.as_str()).concat();
        let options = TestAppOptions { more_config: format!("{more}\n{people}"), ..TestAppOptions::usual() };
        Self { app: TestApp::start_with(options).await, alice, bob, clerk, stranger }
    }

    pub(super) fn of(&self, person: &Person) -> Operators {
        self.app.operators(person)
    }

    /// The cases that wait for somebody.
    pub(super) async fn waiting(&self) -> Vec<Case> {
        let request = ListCasesRequest { merchant_id: MERCHANT.to_owned(), ..ListCasesRequest::default() };
        self.of(&self.alice).list_cases(request).await.unwrap().into_inner().cases
    }

    /// The only case that waits.
    pub(super) async fn the_case(&self) -> Case {
        let mut waiting = self.waiting().await;
        assert_eq!(waiting.len(), 1, "{waiting:#?}");
        waiting.remove(0)
    }

    pub(super) async fn resolve(&self, person: &Person, request: ResolveCaseRequest) -> Result<Case, Status> {
        let answer = self.of(person).resolve_case(request).await?;
        Ok(answer.into_inner().case.unwrap())
    }

    pub(super) async fn explain(&self, payment_no: &str, show_evidence: bool) -> ExplainPaymentResponse {
        let request = ExplainPaymentRequest {
            merchant_id: MERCHANT.to_owned(),
            subject: Some(Subject::PaymentNo(payment_no.to_owned())),
            show_evidence,
        };
        self.of(&self.alice).explain_payment(request).await.unwrap().into_inner()
    }

    /// Money that the channel tells about and that our records lost, as after an older copy of the database was put
    /// back: the payment's number. There is a case then.
    pub(super) async fn lost(&self, order_no: &str, fen: i64) -> String {
        let payment_no = self.app.open(&format!("request-{order_no}"), order_no, fen).await;
        self.app.pay_unheard(&payment_no).await;
        self.forget(&payment_no).await;
        self.app.wechat().resend_notification(self.app.mchid(), &payment_no, 1).await.unwrap();
        payment_no
    }

    /// Takes a payment out of the records, and what hangs on it.
    pub(super) async fn forget(&self, payment_no: &str) {
        for table in ["outbox_event", "payment_transition", "create_request", "allocation", "payment"] {
            let sql = format!("DELETE FROM {table} WHERE payment_no = '{payment_no}'");
            self.app.observer.batch_execute(&sql).await.unwrap();
        }
    }

    /// Two payments of one order, both paid: the one that goes back, and the one that stays.
    pub(super) async fn paid_twice(&self, order_no: &str, fen: i64) -> (String, String) {
        let app = &self.app;
        let second = std::time::Duration::from_secs(1);
        let open = async |request: &str| {
            let created = app.create(app_payment(&format!("{request}-{order_no}"), order_no, fen)).await;
            app.advance(second).await;
            payment_no(&created)
        };
        let first = open("first").await;
        app.close(&first).await;
        app.advance(second).await;
        let other = open("second").await;
        app.pay(&other).await;
        app.advance(second).await;
        let late = PayOptions { landing: Landing::Late, ..PayOptions::default() };
        app.wechat().pay(app.mchid(), &first, &late).unwrap();
        app.wechat().settled().await;
        app.advance(second).await;
        (first, other)
    }
}

/// A resolution of a case of the first merchant.
pub(super) fn resolution(case: &Case, resolution: CaseResolution) -> ResolveCaseRequest {
    ResolveCaseRequest {
        merchant_id: MERCHANT.to_owned(),
        case_id: case.case_id.clone(),
        resolution: resolution.into(),
        reason: "as agreed with the shop".to_owned(),
        order_no: String::new(),
    }
}

/// The reason of a refusal.
pub(super) fn reason(status: &Status) -> String {
    Refusal::of(status).reason
}
