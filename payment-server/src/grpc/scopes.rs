//! Which scope each RPC needs: the one table. A test holds it equal to the contract, so that no RPC is open by mistake.

use crate::app::principal::Scope;

/// Every RPC of `payment.v1` as its path on the wire.
const SCOPES: &[(&str, Scope)] = &[
    ("/payment.v1.ApiKeyService/CreateApiKey", Scope::Operate),
    ("/payment.v1.ApiKeyService/ListApiKeys", Scope::Operate),
    ("/payment.v1.ApiKeyService/RevokeApiKey", Scope::Operate),
    ("/payment.v1.EventService/ListEvents", Scope::Read),
    ("/payment.v1.EventService/StreamEvents", Scope::Read),
    ("/payment.v1.NotificationService/HandleNotification", Scope::Pay),
    ("/payment.v1.OperatorService/ApproveCaseResolution", Scope::Operate),
    ("/payment.v1.OperatorService/ExplainPayment", Scope::Operate),
    ("/payment.v1.OperatorService/GetCase", Scope::Operate),
    ("/payment.v1.OperatorService/GetChannelHealth", Scope::Operate),
    ("/payment.v1.OperatorService/GetNotification", Scope::Operate),
    ("/payment.v1.OperatorService/ListCases", Scope::Operate),
    ("/payment.v1.OperatorService/ListJobs", Scope::Operate),
    ("/payment.v1.OperatorService/ListNotifications", Scope::Operate),
    ("/payment.v1.OperatorService/PostponeRefund", Scope::Operate),
    ("/payment.v1.OperatorService/RejectCaseResolution", Scope::Operate),
    ("/payment.v1.OperatorService/ReplayNotification", Scope::Operate),
    ("/payment.v1.OperatorService/ResolveCase", Scope::Operate),
    ("/payment.v1.OperatorService/RetryRefund", Scope::Operate),
    ("/payment.v1.OperatorService/RunJob", Scope::Operate),
    ("/payment.v1.OrderService/GetOrder", Scope::Read),
    ("/payment.v1.PaymentService/CapturePayment", Scope::Pay),
    ("/payment.v1.PaymentService/ClosePayment", Scope::Pay),
    ("/payment.v1.PaymentService/ConfirmPayment", Scope::Pay),
    ("/payment.v1.PaymentService/CreatePayment", Scope::Pay),
    ("/payment.v1.PaymentService/GetPayment", Scope::Read),
    ("/payment.v1.PaymentService/ListPayments", Scope::Read),
    ("/payment.v1.PaymentService/SyncPayment", Scope::Pay),
    ("/payment.v1.PaymentService/WatchPayment", Scope::Read),
    ("/payment.v1.RefundService/CreateRefund", Scope::Refund),
    ("/payment.v1.RefundService/GetRefund", Scope::Read),
    ("/payment.v1.RefundService/ListRefunds", Scope::Read),
    ("/payment.v1.WebhookService/ListWebhookDeliveries", Scope::Operate),
    ("/payment.v1.WebhookService/ListWebhookEndpoints", Scope::Operate),
    ("/payment.v1.WebhookService/PauseWebhookEndpoint", Scope::Operate),
    ("/payment.v1.WebhookService/ReplayWebhookEvents", Scope::Operate),
    ("/payment.v1.WebhookService/ResumeWebhookEndpoint", Scope::Operate),
];

/// What a key must be good for to call `path`; none where there is no such RPC.
pub(super) fn needed_for(path: &str) -> Option<Scope> {
    SCOPES.iter().find(|(known, _)| *known == path).map(|(_, scope)| *scope)
}

#[cfg(test)]
mod tests {
    use payment_proto::FILE_DESCRIPTOR_SET;
    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::*;

    #[test]
    fn r30_every_rpc_of_the_contract_has_its_line_here_and_nothing_else_has() {
        let contract = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("the contract");
        let mut rpcs: Vec<String> = Vec::new();
        for file in &contract.file {
            for service in &file.service {
                let path = |method: &str| format!("/{}.{}/{method}", file.package(), service.name());
                rpcs.extend(service.method.iter().map(|method| path(method.name())));
            }
        }
        rpcs.sort_unstable();
        let table: Vec<_> = SCOPES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(table, rpcs, "one line for each RPC, in alphabetical order");
    }
}
