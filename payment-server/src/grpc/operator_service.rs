//! `OperatorService`: decode, use case, encode.

use std::sync::Arc;

use payment_core::case::resolution::{Case, CaseAct};
use payment_proto::v1::{self, operator_service_server::OperatorService};
use tonic::{Request, Response, Status};

use super::{
    call::Call,
    convert::{self, Shown},
};
use crate::app::{App, error::AppError, operate::ResolveCase, principal::Operator};

/// What operators see and do, each for the merchants in their sight.
pub(super) struct Operators {
    app: Arc<App>,
}

impl Operators {
    /// Operations on what `app` knows.
    pub(super) const fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    /// Acts on a case and shows it as it is then.
    async fn act(&self, operator: &Operator, wanted: ResolveCase) -> Result<Option<v1::Case>, AppError> {
        let case = self.app.resolve_case(operator, wanted).await?;
        Ok(self.shown(case))
    }

    fn shown(&self, case: Case) -> Option<v1::Case> {
        Some(convert::case(case, self.app.instant()))
    }
}

#[tonic::async_trait]
impl OperatorService for Operators {
    async fn explain_payment(
        &self,
        request: Request<v1::ExplainPaymentRequest>,
    ) -> Result<Response<v1::ExplainPaymentResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let merchant = convert::merchant_in_sight(&call.caller, request.merchant_id)?;
            let subject = convert::explain_payment(request.subject)?;
            let explained = self.app.explain(&merchant, &subject).await?;
            if request.show_evidence {
                self.app.note_explanation_shown(&call.caller, &explained).await?;
            }
            Ok(convert::explained(explained, Shown::in_explanation(request.show_evidence)))
        };
        call.answer(use_case).await
    }

    async fn list_notifications(
        &self,
        request: Request<v1::ListNotificationsRequest>,
    ) -> Result<Response<v1::ListNotificationsResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let merchant = convert::merchant_in_sight(&call.caller, request.merchant_id.clone())?;
            let command = convert::list_notifications(merchant, request)?;
            let page = self.app.list_notifications(command.clone()).await?;
            let next_page_token = convert::next_notification_page_token(&command, &page);
            let shown = |kept| convert::stored_notification(kept, Shown::Digest);
            let notifications = page.notifications.into_iter().map(shown).collect();
            Ok(v1::ListNotificationsResponse { notifications, next_page_token })
        };
        call.answer(use_case).await
    }

    async fn get_notification(
        &self,
        request: Request<v1::GetNotificationRequest>,
    ) -> Result<Response<v1::GetNotificationResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let merchant = convert::merchant_in_sight(&call.caller, request.merchant_id)?;
            let id = convert::notification_id(&request.notification_id)?;
            let kept = self.app.get_notification(&merchant, id).await?;
            if request.show_evidence {
                self.app.note_notification_shown(&call.caller, &kept).await?;
            }
            let shown = Shown::alone(request.show_evidence);
            Ok(v1::GetNotificationResponse { notification: Some(convert::stored_notification(kept, shown)) })
        };
        call.answer(use_case).await
    }

    async fn replay_notification(
        &self,
        request: Request<v1::ReplayNotificationRequest>,
    ) -> Result<Response<v1::ReplayNotificationResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let merchant = convert::merchant_in_sight(&call.caller, request.merchant_id)?;
            let id = convert::notification_id(&request.notification_id)?;
            let reason = convert::reason(request.reason)?;
            let made = self.app.replay_notification(&call.caller, &merchant, id, reason).await?;
            let notification = Some(convert::stored_notification(made, Shown::Digest));
            Ok(v1::ReplayNotificationResponse { notification })
        };
        call.answer(use_case).await
    }

    async fn list_cases(
        &self,
        request: Request<v1::ListCasesRequest>,
    ) -> Result<Response<v1::ListCasesResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let merchant = convert::merchant_in_sight(&call.caller, request.merchant_id.clone())?;
            let command = convert::list_cases(merchant, request)?;
            let page = self.app.list_cases(command.clone()).await?;
            let next_page_token = convert::next_case_page_token(&command, &page);
            let now = page.now;
            let cases = page.cases.into_iter().map(|case| convert::case(case, now)).collect();
            Ok(v1::ListCasesResponse { cases, next_page_token })
        };
        call.answer(use_case).await
    }

    async fn get_case(
        &self,
        request: Request<v1::GetCaseRequest>,
    ) -> Result<Response<v1::GetCaseResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let merchant = convert::merchant_in_sight(&call.caller, request.merchant_id)?;
            let id = convert::case_id(&request.case_id)?;
            let case = self.app.get_case(&merchant, id).await?;
            Ok(v1::GetCaseResponse { case: self.shown(case) })
        };
        call.answer(use_case).await
    }

    async fn resolve_case(
        &self,
        request: Request<v1::ResolveCaseRequest>,
    ) -> Result<Response<v1::ResolveCaseResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let merchant = convert::merchant_in_sight(&call.caller, request.merchant_id.clone())?;
            let wanted = convert::resolve_case(merchant, request)?;
            Ok(v1::ResolveCaseResponse { case: self.act(&call.caller, wanted).await? })
        };
        call.answer(use_case).await
    }

    async fn approve_case_resolution(
        &self,
        request: Request<v1::ApproveCaseResolutionRequest>,
    ) -> Result<Response<v1::ApproveCaseResolutionResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let merchant = convert::merchant_in_sight(&call.caller, request.merchant_id)?;
            let wanted = convert::reject_or_approve(merchant, &request.case_id, CaseAct::Approve)?;
            Ok(v1::ApproveCaseResolutionResponse { case: self.act(&call.caller, wanted).await? })
        };
        call.answer(use_case).await
    }

    async fn reject_case_resolution(
        &self,
        request: Request<v1::RejectCaseResolutionRequest>,
    ) -> Result<Response<v1::RejectCaseResolutionResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let merchant = convert::merchant_in_sight(&call.caller, request.merchant_id)?;
            let wanted = convert::reject_or_approve(merchant, &request.case_id, CaseAct::Reject)?;
            Ok(v1::RejectCaseResolutionResponse { case: self.act(&call.caller, wanted).await? })
        };
        call.answer(use_case).await
    }

    async fn retry_refund(
        &self,
        request: Request<v1::RetryRefundRequest>,
    ) -> Result<Response<v1::RetryRefundResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let merchant = convert::merchant_in_sight(&call.caller, request.merchant_id)?;
            let wanted = convert::postpone_refund(merchant, request.refund_no, None, request.reason)?;
            let refund = self.app.reschedule_refund(&call.caller, wanted).await?;
            call.notes.payment_no(&refund.payment_no);
            Ok(v1::RetryRefundResponse { refund: Some(convert::refund(refund)) })
        };
        call.answer(use_case).await
    }

    async fn postpone_refund(
        &self,
        request: Request<v1::PostponeRefundRequest>,
    ) -> Result<Response<v1::PostponeRefundResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let merchant = convert::merchant_in_sight(&call.caller, request.merchant_id)?;
            let not_before = Some(request.not_before);
            let wanted = convert::postpone_refund(merchant, request.refund_no, not_before, request.reason)?;
            let refund = self.app.reschedule_refund(&call.caller, wanted).await?;
            call.notes.payment_no(&refund.payment_no);
            Ok(v1::PostponeRefundResponse { refund: Some(convert::refund(refund)) })
        };
        call.answer(use_case).await
    }

    async fn list_jobs(
        &self,
        request: Request<v1::ListJobsRequest>,
    ) -> Result<Response<v1::ListJobsResponse>, Status> {
        let (call, _) = Call::<Operator>::of(request)?;
        let use_case = async {
            let jobs = self.app.list_jobs(&call.caller).await?;
            Ok(v1::ListJobsResponse { jobs: jobs.into_iter().map(convert::job).collect() })
        };
        call.answer(use_case).await
    }

    async fn run_job(
        &self,
        request: Request<v1::RunJobRequest>,
    ) -> Result<Response<v1::RunJobResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let job = convert::job_named(&request.name)?;
            let run = self.app.run_job_by_hand(&call.caller, job).await?;
            Ok(v1::RunJobResponse { run: Some(convert::job_run(run)) })
        };
        call.answer(use_case).await
    }

    async fn get_channel_health(
        &self,
        request: Request<v1::GetChannelHealthRequest>,
    ) -> Result<Response<v1::GetChannelHealthResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let merchant = convert::merchant_in_sight(&call.caller, request.merchant_id)?;
            let window = convert::health_window(request.window)?;
            let (accounts, from) = self.app.channel_health(&merchant, window).await?;
            let accounts = accounts.into_iter().map(convert::channel_health).collect();
            Ok(v1::GetChannelHealthResponse { accounts, from_time: Some(convert::timestamp(from)) })
        };
        call.answer(use_case).await
    }
}
